"""Where a record was made: cores within a quota, and the commit of this checkout alone."""

import subprocess

import pytest

from residual import provenance


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "50000 100000"}, 0.5),
        ("0::/\n", {"cpu.max": "max 100000"}, float("inf")),
        ("0::/job/step\n", {"job/cpu.max": "150000 100000", "job/step/cpu.max": "max 1"}, 1.5),
        ("0::/../job\n", {"cpu.max": "200000 100000"}, 2.0),
        (
            "4:cpu,cpuacct:/job\n0::/\n",
            {
                "cpu,cpuacct/job/cpu.cfs_quota_us": "25000",
                "cpu,cpuacct/job/cpu.cfs_period_us": "1e5",
            },
            float("inf"),
        ),
        (
            "4:cpu,cpuacct:/docker/1\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "25000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            0.25,
        ),
        (
            "4:cpu:/\n",
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            float("inf"),
        ),
        ("", {}, float("inf")),
    ],
)
def test_the_quota_of_a_container_is_seen(groups, files, expected, tmp_path, monkeypatch):
    (tmp_path / "own").write_text(groups)
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text)
    monkeypatch.setattr(provenance, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(provenance, "OWN_GROUPS", tmp_path / "own")
    assert provenance.quota() == expected


@pytest.mark.parametrize(("quota", "cores"), [(0.5, 1), (1.5, 2), (3.0, 3), (float("inf"), 4)])
def test_usable_cores_are_within_the_quota(quota, cores, monkeypatch):
    monkeypatch.setattr(provenance, "affine_cores", lambda: 4)
    monkeypatch.setattr(provenance, "quota", lambda: quota)
    assert provenance.usable_cores() == cores


def test_only_a_repository_of_its_own_gives_a_commit(tmp_path, monkeypatch):
    def git(*words):
        who = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(tmp_path), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    git("commit", "--allow-empty", "-m", "somebody else's")
    git("worktree", "add", "tree")
    (tmp_path / "archive").mkdir()
    for place, commit in (
        ("archive", None),  # unpacked inside the other repository
        ("tree", git("rev-parse", "HEAD")),
        (".", git("rev-parse", "HEAD")),
    ):
        monkeypatch.setattr(provenance, "CHECKOUT", tmp_path / place)
        assert provenance.source_commit() == commit
        with monkeypatch.context() as patched:  # as inside a hook of yet another repository
            patched.setenv("GIT_DIR", str(tmp_path / "nowhere"))
            assert provenance.source_commit() == commit
