"""Files that are put back as they were."""

from __future__ import annotations

from pathlib import Path

from stomper.system.file_snapshot import KeptFiles


def test_what_somebody_made_of_them_is_undone(tmp_path: Path) -> None:
    """Written, removed, a link, a folder, and made where there was none; what is as it was is not touched."""
    root = tmp_path / "kept"
    root.mkdir()
    files = {name: root / name for name in ("written", "removed", "link", "folder", "untouched", "none")}
    for name in list(files)[:-1]:
        files[name].write_text(name)
    kept = KeptFiles(files.values())
    before = files["untouched"].stat()

    files["written"].write_text("evil")
    files["removed"].unlink()
    files["link"].unlink()
    (root / "evil").write_text("link")  # the same, so far
    files["link"].symlink_to(root / "evil")
    files["folder"].unlink()
    (files["folder"] / "deep").mkdir(parents=True)
    files["none"].write_text("evil")
    assert set(kept.restore()) == {files[name] for name in files} - {files["untouched"]}
    assert kept.restore() == []

    assert {name: file.read_text() for name, file in files.items() if file.exists()} == {
        name: name for name in files if name != "none"
    }
    assert not files["link"].is_symlink()
    assert files["untouched"].stat() == before
    assert sorted(file.name for file in root.iterdir()) == sorted({*files, "evil"} - {"none"})
