"""What Formulon does in its own process: recalculate the workbook FILE, and write it to OUT."""

import contextlib
import io
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

# What XML cannot hold, and Formulon writes as it is: control characters, U+FFFE and U+FFFF in UTF-8.
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


def keep_compiled() -> None:
    """Have wasmtime keep what it compiles, and take it from there the next time: Formulon's WebAssembly takes
    it 5 seconds of the processor, and then half a one. To be called before Formulon is first used."""
    import wasmtime

    config, engine = wasmtime.Config(), wasmtime.Engine
    with contextlib.suppress(wasmtime.WasmtimeError):  # where no folder can be had it compiles every time
        config.cache = True

    def with_cache(given: Any = None) -> Any:
        return engine(given or config)

    wasmtime.Engine = with_cache


def write_readable(saved: bytes, out: Path) -> None:
    """Write a saved workbook with such characters as _xHHHH_ (ECMA-376 part 1, section 22.9.2.19)."""
    with zipfile.ZipFile(io.BytesIO(saved)) as parts, zipfile.ZipFile(out, "w") as readable:
        for name in parts.namelist():
            data = parts.read(name)
            if name.endswith(".xml"):
                data = _FORBIDDEN.sub(lambda found: b"_x%04X_" % ord(found[0].decode("utf-8")), data)
            readable.writestr(name, data)


def main() -> None:
    import formulon

    source, out = map(Path, sys.argv[1:])
    keep_compiled()
    try:
        with formulon.Workbook.load(source.read_bytes()) as book:
            book.recalc()
            write_readable(book.save(), out)
    except (formulon.FormulonError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
