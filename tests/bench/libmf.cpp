// LIBMF, which is built from its source where a package index has it, doing one
// thing once:
//
//     libmf TRAIN TEST FACTORS THREADS EPOCHS REG LR
//
// trains on the arrays TRAIN.u, .i, .r, and prints {"seconds", "cpu"} of the
// training alone, and with a TEST that is not "-" LIBMF's own table before it,
// with the error on the test part after each epoch.
#include <string>

#include "mf.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

template <class T>
static std::vector<T> read(const std::string &path)
{
    std::vector<T> all;
    std::FILE *file = std::fopen(path.c_str(), "rb");
    if (!file) {
        std::perror(path.c_str());
        std::exit(4);
    }
    std::fseek(file, 0, SEEK_END);
    all.resize(std::ftell(file) / sizeof(T));
    std::rewind(file);
    if (std::fread(all.data(), sizeof(T), all.size(), file) != all.size())
        std::exit(4);
    std::fclose(file);
    return all;
}

static std::vector<mf::mf_node> nodes(const std::string &prefix)
{
    auto user = read<unsigned>(prefix + ".u"), item = read<unsigned>(prefix + ".i");
    auto value = read<float>(prefix + ".r");
    std::vector<mf::mf_node> all(user.size());
    for (size_t n = 0; n < all.size(); n++) {
        all[n].u = (mf::mf_int)user[n];
        all[n].v = (mf::mf_int)item[n];
        all[n].r = value[n];
    }
    return all;
}

static mf::mf_problem problem(std::vector<mf::mf_node> &all)
{
    mf::mf_problem p{};
    for (auto &node : all) {
        p.m = std::max(p.m, node.u + 1);
        p.n = std::max(p.n, node.v + 1);
    }
    p.nnz = (mf::mf_long)all.size();
    p.R = all.data();
    return p;
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int count, char **word)
{
    if (count != 8)
        return 2;
    auto train = nodes(word[1]);
    bool judged = std::string(word[2]) != "-";
    auto test = judged ? nodes(word[2]) : std::vector<mf::mf_node>();
    auto a = problem(train), b = problem(test);
    b.m = a.m = std::max(a.m, b.m);
    b.n = a.n = std::max(a.n, b.n);
    auto how = mf::mf_get_default_param();
    how.k = std::atoi(word[3]);
    how.nr_threads = std::atoi(word[4]);
    how.nr_iters = std::atoi(word[5]);
    how.lambda_p1 = how.lambda_q1 = 0;
    how.lambda_p2 = how.lambda_q2 = (float)std::atof(word[6]);
    how.eta = (float)std::atof(word[7]);
    how.quiet = !judged;
    how.copy_data = false;
    double wall = seconds(CLOCK_MONOTONIC);
    double used = seconds(CLOCK_PROCESS_CPUTIME_ID);
    auto model = judged ? mf::mf_train_with_validation(&a, &b, how)
                        : mf::mf_train(&a, how);
    std::printf("\n{\"seconds\": %.6f, \"cpu\": %.6f}\n",
                seconds(CLOCK_MONOTONIC) - wall,
                seconds(CLOCK_PROCESS_CPUTIME_ID) - used);
    mf::mf_destroy_model(&model);
}
