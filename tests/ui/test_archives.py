"""Dropped ZIP archives."""

import io
import zipfile

import pytest

from pneumo_core.errors import ReadError
from ui import archives


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_files_come_out_and_hidden_ones_stay() -> None:
    data = packed({"a/one.dcm": b"1", "__MACOSX/a/one.dcm": b"x", "a/.DS_Store": b"x", "two.png": b"22"})
    assert archives.is_archive(data)
    assert list(archives.unpack(data)) == [("a/one.dcm", b"1"), ("two.png", b"22")]


def test_a_bomb_is_stopped_whatever_it_says_of_its_size(monkeypatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 3 << 20)
    bomb = packed({"small": b"ok", "bomb": bytes(64 << 20)})
    size = (64 << 20).to_bytes(4, "little")
    lying = bomb.replace(size, (5).to_bytes(4, "little"))
    for data in (bomb, lying):
        taken = []
        with pytest.raises(ReadError):
            taken += archives.unpack(data)
        assert sum(len(contents) for _, contents in taken) < 4 << 20


def test_too_many_entries_and_damage_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 2)
    with pytest.raises(ReadError, match="at most 2"):
        list(archives.unpack(packed({str(at): b"" for at in range(3)})))
    whole = packed({"film": bytes(range(256)) * 40})
    with pytest.raises(ReadError, match="damaged"):
        list(archives.unpack(whole[: len(whole) // 2]))
    broken = bytearray(whole)
    broken[60] ^= 0xFF
    with pytest.raises(ReadError, match="damaged"):
        list(archives.unpack(bytes(broken)))
