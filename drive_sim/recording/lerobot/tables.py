"""Data files: one Parquet file an episode, with the columns, types and annotations that LeRobot's loader asks for.

LeRobot gives the file to Hugging Face's ``datasets`` together with the features of ``meta/info.json``. That library
takes plain numbers for shape (1,), fixed-size lists for vectors, and ``struct<bytes, path>`` for images; it refuses
a file with a column that is no feature, and its own annotation ("huggingface" in the schema) lets it recognise the
images without LeRobot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.recording.lerobot.features import IMAGE_PREFIX, INDEX_FEATURES

ROW_GROUP = 1000
"""Rows written at once: bounds memory, and keeps a column of images below Arrow's 2 GiB."""

Features = Mapping[str, Mapping[str, Any]]
Images = Callable[[str, int, int], list[bytes]]
"""``images(camera, start, stop)``: encoded images of some steps."""

_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def arrow_schema(features: Features) -> pa.Schema:
    """The schema of a data file."""
    columns, annotation = [], {}
    for name, feature in features.items():
        columns.append((name, _arrow_type(feature)))
        annotation[name] = _annotation(feature)
    metadata = {"huggingface": json.dumps({"info": {"features": annotation}})}
    return pa.schema(columns, metadata=metadata)


def _arrow_type(feature: Mapping[str, Any]) -> pa.DataType:
    if feature["dtype"] == "image":
        return _IMAGE
    number = pa.type_for_alias(feature["dtype"])
    return number if list(feature["shape"]) == [1] else pa.list_(number, feature["shape"][0])


def _annotation(feature: Mapping[str, Any]) -> dict[str, Any]:
    if feature["dtype"] == "image":
        return {"_type": "Image"}
    number = {"dtype": feature["dtype"], "_type": "Value"}
    if list(feature["shape"]) == [1]:
        return number
    # Newer versions of the library write "List" and still read "Sequence"; older ones know only the latter.
    return {"feature": number, "length": feature["shape"][0], "_type": "Sequence"}


def _arrow_array(kind: pa.DataType, rows: NDArray[Any]) -> pa.Array:
    if isinstance(kind, pa.FixedSizeListType):
        flat = pa.array(np.ascontiguousarray(rows).reshape(-1), kind.value_type)
        return pa.FixedSizeListArray.from_arrays(flat, type=kind)
    return pa.array(rows, kind)


def open_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer with the settings that all data files share."""
    # Minimum and maximum of images would only fill the footer; readers filter by the indices.
    return pq.ParquetWriter(path, schema, compression="zstd", write_statistics=list(INDEX_FEATURES))


def write_data(
    path: Path, features: Features, columns: Mapping[str, NDArray[Any]], images: Images, suffix: str
) -> None:
    """Write the data file of one episode.

    Parameters
    ----------
    columns
        Every feature but the images: (T) or (T, n) of the feature's type.
    images
        Encoded images by camera.
    suffix
        File suffix that belongs to their encoding, such as ".png".
    """
    schema = arrow_schema(features)
    count = len(columns["index"])
    with open_writer(path, schema) as writer:
        for start in range(0, count, ROW_GROUP):
            stop = min(start + ROW_GROUP, count)
            arrays = []
            for field in schema:
                if field.type == _IMAGE:
                    blobs = images(field.name.removeprefix(IMAGE_PREFIX), start, stop)
                    names = [f"frame-{number:06d}{suffix}" for number in range(start, stop)]
                    parts = [pa.array(blobs, pa.binary()), pa.array(names, pa.string())]
                    arrays.append(pa.StructArray.from_arrays(parts, fields=list(_IMAGE)))
                else:
                    arrays.append(_arrow_array(field.type, columns[field.name][start:stop]))
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=ROW_GROUP)


def renumber(source: Path, target: Path, features: Features, changes: Mapping[str, NDArray[np.int64]]) -> None:
    """Copy a data file with the values of some scalar columns replaced; all else stays, bit for bit."""
    # Not the schema as read back: that has annotations of its own, and the copy would not be the same file.
    schema = arrow_schema(features)
    start = 0
    with parquet_errors(source), pq.ParquetFile(source) as file, open_writer(target, schema) as writer:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            missing = [name for name in schema.names if name not in table.column_names]
            if missing:
                raise InputError(
                    source, missing[0], "the column is missing", "drop its episode, or copy the file again"
                )
            stop = start + table.num_rows
            columns = {name: pa.array(values[start:stop], pa.int64()) for name, values in changes.items()}
            arrays = [columns.get(name, table[name]) for name in schema.names]
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=ROW_GROUP)
            start = stop


def read_data(path: Path, names: Sequence[str] | None = None) -> pa.Table:
    """Columns of a data file (all by default); `InputError` when it is missing or torn."""
    # Not pq.read_table: that takes a dot in a column's name for a path into a struct.
    with parquet_errors(path), pq.ParquetFile(path) as file:
        if names is None:
            return file.read()
        leaves = [file.schema.column(i).path for i in range(len(file.schema))]
        return file.read(columns=[leaf for leaf in leaves if any(_belongs(leaf, name) for name in names)])


def _belongs(leaf: str, name: str) -> bool:
    return leaf == name or leaf.startswith((f"{name}.list.", f"{name}.bytes", f"{name}.path"))


@contextmanager
def parquet_errors(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a missing or torn file into an `InputError` about ``path``."""
    try:
        yield
    except FileNotFoundError:
        hint = "copy the dataset again, or see what drive-sim data check says"
        raise InputError(path, "", "is missing", hint) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        problem = f"is not a whole Parquet file ({str(error).splitlines()[0][:100]})"
        raise InputError(path, "", problem, "drop its episode, or copy the file again") from error


def column_of(table: pa.Table, path: Path, name: str, feature: Mapping[str, Any]) -> pa.ChunkedArray:
    """A column of a data file; InputError when it is missing or of another type than ``feature``."""
    if name not in table.column_names:
        raise InputError(path, name, "the column is missing", "drop the episode")
    kind, wanted = table.schema.field(name).type, _arrow_type(feature)
    if kind != wanted:
        raise InputError(path, name, f"is {kind} instead of {wanted}", "drop the episode")
    return table[name]


def to_numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    """A column of numbers as (T), one of fixed-size lists as (T, n); ValueError when values are missing."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], column.type)
    if array.null_count:
        raise ValueError("values are missing")
    if isinstance(array.type, pa.FixedSizeListType):
        flat = array.flatten()
        if flat.null_count:
            raise ValueError("values are missing")
        return np.asarray(flat).reshape(len(array), array.type.list_size)
    return np.asarray(array)


def image_bytes(column: pa.ChunkedArray) -> Sequence[bytes | None]:
    """The encoded images of an image column, None where one is missing."""
    return [value for chunk in column.chunks for value in chunk.field("bytes").to_pylist()]
