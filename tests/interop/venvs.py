#!/usr/bin/env python3
"""Virtual environments for the runtimes of matrix.py: one for each file in requirements/.

    venvs.py FOLDER NAME...

Makes FOLDER/NAME with what requirements/NAME.txt says, unless it is there and that has not changed.
An old wheel is only there for some versions of Python: python3 and whatever other python3.X this
machine has are tried in turn. Where none fits, FOLDER/NAME.skipped says why; any other failure is
tried three times and then ends the program with pip's words.
"""

import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import time

REQUIREMENTS = pathlib.Path(__file__).parent / "requirements"
TOGETHER = 3  # downloads wait for the network: more than the cores
MISSING = ("No matching distribution found", "requires a different Python")


def no_wheel(words):
    """No wheel, by pip's words, which says so of a network that failed too, after some tries."""
    return any(m in words for m in MISSING) and "Retrying (" not in words


def pythons():
    """Paths of interpreters that can make environments, python3 first, one a version."""
    found = {}
    for name in ["python3"] + [f"python3.{minor}" for minor in range(13, 8, -1)]:
        path = shutil.which(name)
        words = [path, "-c", "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"]
        said = subprocess.run(words, capture_output=True, text=True) if path else None
        if said and said.returncode == 0:
            found.setdefault(said.stdout.strip(), path)
    return found


def make(folder, name, candidates):
    """What happened, in words; None where the environment stood already."""
    venv, skipped = folder / name, folder / f"{name}.skipped"
    wanted = (REQUIREMENTS / f"{name}.txt").read_text()
    stamp = venv / "requirements.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    skipped.unlink(missing_ok=True)
    packages = [w for w in wanted.splitlines() if not w.startswith("#")]
    options = [w for w in packages if w.startswith("--")]  # pip takes --no-deps on its line only
    for version, python in candidates.items():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([python, "-m", "venv", venv], check=True, capture_output=True)
        (venv / "wanted.txt").write_text("\n".join(w for w in packages if w not in options) + "\n")
        words = [venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
        words += ["--no-compile", *options, "-r", venv / "wanted.txt"]
        for pause in (5, 20, 0):
            said = subprocess.run(words, capture_output=True, text=True)
            if said.returncode == 0 or no_wheel(said.stderr):
                break
            time.sleep(pause)
        if said.returncode == 0:
            stamp.write_text(wanted)
            return f"installed for Python {version}"
        if not no_wheel(said.stderr):
            raise RuntimeError(f"{name}: pip failed: {said.stderr.strip()[-1000:]}")
    shutil.rmtree(venv, ignore_errors=True)
    versions = ", ".join(candidates)
    what = next(w for w in packages if w not in options)
    skipped.write_text(f"{what} has no wheel for this machine's Python ({versions})\n")
    return f"skipped: {skipped.read_text().strip()}"


def main():
    folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    candidates = pythons()
    if not candidates:
        raise SystemExit("interop: no python3 with venv and ensurepip; ./deps.sh --ci brings one")
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        made = {n: pool.submit(make, folder, n, candidates) for n in names}
    for name, result in made.items():
        if result.result():
            print(f"interop: {name}: {result.result()}", flush=True)


if __name__ == "__main__":
    main()
