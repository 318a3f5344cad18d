"""Optimizers that Optuna keeps pickled in a trial's attributes: nothing else is let in again.

After a restart the attributes come from the store, to which others may write, and unpickling calls whatever is named.
"""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Mapping

from ..errors import SweepError

_CHUNK = re.compile(r"cma\w*:optimizer:(\d+)")
# The optimizers, and how numpy brings back arrays, numbers and generators in its versions.
_TRUSTED = re.compile(
    r"cmaes\._(cma\.CMA|sepcma\.SepCMA|cmawm\.CMAwM)"
    r"|numpy\.(dtype|ndarray)"
    r"|numpy\._?core\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer)"
    r"|numpy\.random\._pickle\.__(randomstate|bit_generator)_ctor"
    r"|numpy\.random\._mt19937\.MT19937"
)


class _Guarded(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if _TRUSTED.fullmatch(f"{module}.{name}") is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)


def check(attributes: Mapping[str, object]) -> None:
    """See to it that a pickle in a trial's attributes names nothing but an optimizer and its numbers.

    Raises:
        SweepError: it is something else.
    """
    chunks = {int(found[1]): str(value) for key, value in attributes.items() if (found := _CHUNK.fullmatch(key))}
    if not chunks:
        return
    try:
        _Guarded(io.BytesIO(bytes.fromhex("".join(chunks[place] for place in sorted(chunks))))).load()
    except Exception as problem:
        # Whatever a damaged pickle does, it ends here.
        raise SweepError(f"the store holds no optimizer of CMA-ES where there should be one: {problem}") from problem
