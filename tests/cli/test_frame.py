"""The frame that every job shares: help, options, messages, exit codes."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from coracle_test import Case, main  # noqa: E402


class Overview(Case):
    def test_list_of_jobs(self):
        for args in ([], ["--help"]):
            done = self.ok(None, *args)
            self.assertIn("mpirun", done.out)
            self.assertEqual(done.err, "")


if __name__ == "__main__":
    main()
