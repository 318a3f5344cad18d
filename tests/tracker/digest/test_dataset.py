from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tracker.digest import Dataset
from tracker.entities import DatasetInfo, DatasetRef
from tracker.errors import InvalidInput

Array = NDArray[np.generic]

DTYPES = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="=")
    | hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64))
    | hnp.complex_number_dtypes(endianness="=", sizes=(64, 128))
    | hnp.datetime64_dtypes(endianness="=", max_period="s")
)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)
ARRAYS = hnp.arrays(DTYPES, SHAPES)
TEXTS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8), max_size=8)


def digest(**arrays: object) -> str:
    return Dataset.from_arrays("d", **arrays).digest  # type: ignore[arg-type] # bad input is tried too


class TestDigest:
    def test_is_sixteen_hex_characters(self) -> None:
        found = digest(x=[1, 2, 3])
        assert len(found) == 16
        assert set(found) <= set("0123456789abcdef")

    def test_stays_the_same_from_version_to_version(self) -> None:
        # Stores hold these: a digest that moved would make one dataset two.
        x = np.arange(6, dtype="int64").reshape(2, 3)
        assert digest(x=x, y=np.array([0.5, -1.0])) == "7b59e8aea56df02d"
        assert digest(words=["a", "bé", ""]) == "d0943fd9ef6d2d6c"

    @given(ARRAYS)
    def test_memory_layout_does_not_matter(self, array: Array) -> None:
        spaced = np.repeat(array, 2, axis=-1)[..., ::2]
        backwards = np.ascontiguousarray(array[::-1])[::-1]
        assert digest(x=array) == digest(x=np.asfortranarray(array)) == digest(x=spaced) == digest(x=backwards)

    @given(ARRAYS)
    def test_byte_order_does_not_matter(self, array: Array) -> None:
        big_endian = array.astype(array.dtype.newbyteorder(">"))
        little_endian = array.astype(array.dtype.newbyteorder("<"))
        assert digest(x=big_endian) == digest(x=little_endian)

    def test_layout_does_not_matter_beyond_one_piece(self) -> None:
        array = np.arange(700_000, dtype="float64").reshape(1000, 700)
        swapped = np.asfortranarray(array.astype(">f8"))
        assert digest(x=array) == digest(x=swapped) != digest(x=array.T)

    @given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5)), st.data())
    def test_any_changed_element_changes_it(self, array: Array, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, array.size - 1))
        value = data.draw(hnp.from_dtype(array.dtype))
        changed = array.copy()
        changed.reshape(-1)[place] = value
        assume(changed.tobytes() != array.tobytes())
        assert digest(x=array) != digest(x=changed)

    @given(TEXTS, st.data())
    def test_any_changed_text_changes_it(self, words: list[str], data: st.DataObject) -> None:
        assume(words)
        changed = list(words)
        changed[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.text("ab", max_size=3))
        assume(changed != words)
        assert digest(x=np.array(words, dtype=object)) != digest(x=np.array(changed, dtype=object))

    @given(TEXTS)
    def test_text_is_text_however_numpy_keeps_it(self, words: list[str]) -> None:
        as_objects = np.array(words, dtype=object)
        found = digest(x=as_objects)
        assert found == digest(x=np.array(words, dtype="U8")) == digest(x=np.array(words, dtype="U20"))
        assert found == digest(x=as_objects.astype(np.dtypes.StringDType()))

    def test_the_border_between_texts_counts(self) -> None:
        assert digest(x=["ab", "c"]) != digest(x=["a", "bc"])

    def test_half_a_surrogate_pair_is_text_too(self) -> None:
        assert digest(x=np.array(["\ud800"], dtype=object)) != digest(x=np.array(["?"], dtype=object))

    @given(st.permutations(["x", "y", "a_long_one"]))
    def test_order_of_naming_does_not_matter(self, keys: list[str]) -> None:
        arrays = {"x": np.array([1, 2]), "y": np.array([3.0]), "a_long_one": np.array(["t"])}
        assert digest(**{key: arrays[key] for key in keys}) == digest(**arrays)

    def test_dtype_matters(self) -> None:
        kinds = [
            "bool",
            "int8",
            "uint8",
            "int32",
            "float16",
            "float32",
            "float64",
            "complex64",
            "datetime64[s]",
        ]
        kinds += ["datetime64[ms]", "timedelta64[s]", "S1", "U1"]
        found = [digest(x=np.zeros(3, dtype=kind)) for kind in kinds]
        assert len(set(found)) == len(kinds)

    def test_shape_matters(self) -> None:
        shapes = [(6,), (2, 3), (3, 2), (1, 6), (6, 1), (0,), (0, 2), (2, 0), ()]
        assert len({digest(x=np.zeros(shape)) for shape in shapes}) == len(shapes)

    def test_key_matters(self) -> None:
        assert digest(x=[1], y=[2]) != digest(x=[2], y=[1])
        assert digest(x=[1]) != digest(y=[1])

    def test_name_and_source_do_not_matter(self) -> None:
        assert Dataset.from_arrays("a", source="s3://a", x=[1]).digest == Dataset.from_arrays("b", x=[1]).digest

    def test_whatever_numpy_can_view(self) -> None:
        class Tensor:
            def __array__(self, dtype: object = None, copy: object = None) -> Array:
                return np.array([1.5, 2.5])

        assert digest(x=[1.5, 2.5]) == digest(x=(1.5, 2.5)) == digest(x=pd.Series([1.5, 2.5])) == digest(x=Tensor())
        assert digest(x=pd.DataFrame({"a": [1, 2]})) == digest(x=np.array([[1], [2]]))
        assert digest(x=pd.Series(["a", "b"])) == digest(x=["a", "b"])


class TestDescription:
    def test_tells_what_the_arrays_are(self) -> None:
        found = Dataset.from_arrays("validation", source="by hand", x=np.zeros((4, 8), ">f4"), t=["a"], k=3.0)
        assert found.schema == (
            '{"k":{"dtype":"float64","shape":[]},"t":{"dtype":"str","shape":[1]},"x":{"dtype":"float32","shape":[4,8]}}'
        )
        assert json.loads(found.profile) == {"rows": {"k": 1, "t": 1, "x": 4}}
        assert (found.name, found.source, found.source_type) == ("validation", "by hand", "local")

    def test_is_a_dataset_info(self) -> None:
        found = Dataset.from_arrays("validation", x=[1])
        assert isinstance(found, DatasetInfo)
        assert found.ref == DatasetRef("validation", found.digest)
        assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes
        with pytest.raises(AttributeError):
            found.name = "other"  # type: ignore[misc]


class TestTables:
    def test_a_frame_and_a_mapping_of_its_columns_are_one_table(self) -> None:
        columns = {
            "age": np.array([31, 42]),
            "city": np.array(["Oslo", "Rom"]),
            "score": np.array([0.5, 0.25]),
        }
        frame = Dataset.from_table("people", pd.DataFrame(columns, index=[7, 8]))
        assert frame == Dataset.from_table("people", columns)
        assert list(json.loads(frame.schema)) == ["age", "city", "score"]
        assert json.loads(frame.profile) == {"rows": 2}

    def test_columns_have_an_order(self) -> None:
        one = Dataset.from_table("t", {"a": [1], "b": [2]})
        other = Dataset.from_table("t", {"b": [2], "a": [1]})
        assert one.digest != other.digest

    def test_a_table_is_not_its_arrays(self) -> None:
        assert Dataset.from_table("t", {"a": [1]}).digest != Dataset.from_arrays("t", a=[1]).digest

    def test_any_frame_with_columns_will_do(self) -> None:
        class Frame:  # as polars: columns are names, and a name gives the column
            columns = ("a", "b")

            def __getitem__(self, name: str, /) -> list[int]:
                return {"a": [1, 2], "b": [3, 4]}[name]

        assert Dataset.from_table("t", Frame()) == Dataset.from_table("t", {"a": [1, 2], "b": [3, 4]})

    def test_numbers_can_name_columns(self) -> None:
        frame = pd.DataFrame(np.eye(2))
        assert list(json.loads(Dataset.from_table("t", frame).schema)) == ["0", "1"]

    @pytest.mark.parametrize(
        ("table", "problem"),
        [
            ({}, "no columns in this dict"),
            ([1, 2], "no columns in this list"),
            ({"a": [1, 2], "b": [1]}, "same number of rows"),
            ({"a": 3}, "same number of rows"),
            (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns named 'a'"),
            (pd.DataFrame([[1, 2]], columns=[1, "1"]), "two arrays are named '1'"),
            (pd.DataFrame({"a": ["x", None]}), "'a' holds .* at position 1"),
        ],
    )
    def test_refuses_what_is_no_table(self, table: Mapping[str, list[int]], problem: str) -> None:
        with pytest.raises(InvalidInput, match=problem):
            Dataset.from_table("t", table)


class TestFiles:
    def test_is_the_bytes_wherever_they_lie(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(b"x,y\n1,2\n")
        (tmp_path / "b.csv").write_bytes(b"x,y\n1,2\n")
        (tmp_path / "c.csv").write_bytes(b"x,y\n1,3\n")
        a, b, c = (Dataset.from_file("data", tmp_path / f"{stem}.csv") for stem in "abc")
        assert a.digest == b.digest != c.digest
        assert len(a.digest) == 16
        assert (a.source_type, a.source) == ("file", str(tmp_path / "a.csv"))
        assert json.loads(a.profile) == {"bytes": 8}
        assert Dataset.from_file("data", str(tmp_path / "a.csv")) == a

    def test_stays_the_same_from_version_to_version(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"abc")
        assert Dataset.from_file("data", tmp_path / "a").digest == "9fc277f07226fdcf"

    @pytest.mark.parametrize(("name", "problem"), [("missing", "No such file"), ("", "Is a directory")])
    def test_says_why_it_cannot_be_read(self, tmp_path: Path, name: str, problem: str) -> None:
        with pytest.raises(InvalidInput, match=f"dataset 'data': cannot read .*{problem}") as caught:
            Dataset.from_file("data", tmp_path / name)
        assert "\n" not in str(caught.value)


class TestRefusals:
    @pytest.mark.parametrize(
        ("values", "problem"),
        [
            (np.array([1, "a"], dtype=object), "holds int at position 0"),
            (["a", None], "holds NoneType at position 1"),
            ([2**80], "holds int at position 0"),
            ({1, 2}, "holds set at position 0"),
            ([[1], [1, 2]], "cannot be read as an array: .*inhomogeneous"),
            (np.ma.masked_array([1, 2], [True, False]), "masked"),
            (np.zeros(2, "f8,i4"), "no stable bytes"),
            (np.zeros(2, "longdouble"), "no stable bytes"),
        ],
    )
    def test_refuses_what_has_no_stable_content(self, values: object, problem: str) -> None:
        with pytest.raises(InvalidInput, match=f"^array 'x' .*{problem}") as caught:
            digest(x=values)
        assert "\n" not in str(caught.value)

    def test_refuses_no_arrays(self) -> None:
        with pytest.raises(InvalidInput, match="dataset 'd' has no arrays"):
            Dataset.from_arrays("d")

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            ("", "name is blank"),
            (" ", "name is blank"),
            (None, "name is NoneType, not text"),
            ("n" * 501, "name has 501 characters; 500 is the most"),
            ("a@b", '"@" in it'),
            ("a\nb", "control character"),
            ("a\x7f", "control character"),
            ("a\u2028b", "control character"),
            ("a\ud800", "control character"),
        ],
    )
    def test_refuses_a_bad_name(self, name: str, problem: str) -> None:
        with pytest.raises(InvalidInput, match=problem) as caught:
            Dataset.from_arrays(name, x=[1])
        assert len(str(caught.value).splitlines()) == 1

    @pytest.mark.parametrize("name", ["validation", "n" * 500, "données/été 2024", "👩‍🔬"])
    def test_takes_any_other_name(self, name: str) -> None:
        assert Dataset.from_arrays(name, x=[1]).name == name

    @pytest.mark.parametrize("bad", ["", "d" * 37, "a@b", "a\tb"])
    def test_refuses_a_bad_digest(self, bad: str) -> None:
        with pytest.raises(InvalidInput, match="a dataset's digest"):
            Dataset("validation", bad)

    def test_takes_a_digest_from_elsewhere(self) -> None:
        assert Dataset("validation", "d41d8cd98f00b204").ref == DatasetRef("validation", "d41d8cd98f00b204")
