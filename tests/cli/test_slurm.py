"""What a program sees that an srun started which does not speak this MPI's
PMIx: a step of Slurm, and no way to its peers."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from coracle_test import USAGE, Case, main, run  # noqa: E402

FAKE = os.environ.get("CORACLE_FAKE", "cli_fake")


def step(tasks, task):
    """The environment of one task of a step of so many."""
    return {"SLURM_JOB_ID": 7, "SLURM_JOBID": 7, "SLURM_NODELIST": "n1",
            "SLURM_STEP_ID": 0, "SLURM_STEPID": 0, "SLURM_NTASKS": tasks,
            "SLURM_PROCID": task}


class Lone(Case):
    program = FAKE

    def test_one_message_before_mpi(self):
        self.fails(USAGE, "echo", env=step(4, 0),
                   says=("4 tasks", "--mpi=pmix", "mpirun"))

    def test_others_are_silent(self):
        done = run("echo", program=FAKE, env=step(4, 3))
        self.assertEqual((done.code, done.out, done.err), (USAGE, "", ""))

    def test_a_single_task_works_alone(self):
        self.assertTrue(self.ok("echo", "--json", env=step(1, 0)).json)

    def test_a_batch_script_works_alone(self):
        batch = {**step(4, 0), "SLURM_STEP_ID": None, "SLURM_STEPID": None}
        self.assertTrue(self.ok("echo", "--json", env=batch).json)

    def test_mpirun_inside_a_step(self):
        self.assertTrue(self.ok("echo", "--json", ranks=2, env={
            "SLURM_STEP_ID": 0, "SLURM_NTASKS": 4, "SLURM_PROCID": 0}).json)


if __name__ == "__main__":
    main()
