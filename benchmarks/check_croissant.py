"""Have the reference implementation check a Croissant description and read every row by it.

    python -m benchmarks.check_croissant RUN

For an environment of its own with mlcroissant and pyarrow: nothing of ours is imported. The
description is read from RUN/cards as it would be published, beside `corpus/`. Exit code 1 if it has
an issue, or if rows or columns are missing.
"""

import json
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import mlcroissant
import pyarrow.parquet as pq


def main(run: Path) -> int:
    """Print what was found as JSON; 0 if all is well."""
    files = sorted(run.glob("corpus/*/*.parquet"))
    wanted = sum(pq.read_metadata(file).num_rows for file in files)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree((run / "corpus").resolve(), folder / "corpus", copy_function=os.symlink)
        shutil.copy(run / "cards" / "croissant.json", folder)
        dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
        issues = dataset.metadata.ctx.issues.report()
        columns: set[str] = set()
        rows = 0
        for row in dataset.records("documents"):
            columns |= row.keys()
            rows += 1
    found = {name.removeprefix("documents/") for name in columns}
    missing = sorted(set(pq.read_schema(files[0]).names) - found)
    print(
        json.dumps(
            {
                "mlcroissant": version("mlcroissant"),
                "conforms_to": str(dataset.metadata.ctx.conforms_to.value),
                "issues": issues,
                "rows": rows,
                "rows_wanted": wanted,
                "columns_missing": missing,
            }
        )
    )
    return 1 if issues or rows != wanted or missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
