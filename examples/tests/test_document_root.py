"""PoorWSGI's document root with the real server of files."""

from __future__ import annotations

from tropea.core.testing import TestApp
from tropea.dispatch import Application


def test_files_are_served_and_folders_listed(tmp_path):
    (tmp_path / "a.txt").write_text("a file")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.txt").write_text("below")
    app = Application("files", document_root=tmp_path, document_index=True)
    app.set_route("/", lambda request: "home")
    visitor = TestApp(app)
    assert visitor.get("/").body == b"home"
    answer = visitor.get("/a.txt")
    assert (answer.body, answer.status_code) == (b"a file", 200)
    assert visitor.get("/a.txt", HTTP_IF_NONE_MATCH=answer.get_header("ETag")).status_code == 304
    assert visitor.get("/a.txt", HTTP_RANGE="bytes=2-").body == b"file"
    assert "b.txt" in visitor.get("/folder/").body_text
    assert visitor.get("/../a.txt").status_code in {400, 404}
    assert visitor.get("/none.txt").status_code == 404


def test_a_folder_is_no_page_where_listing_was_not_asked_for(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.txt").write_text("below")
    visitor = TestApp(Application("files", document_root=tmp_path))
    assert visitor.get("/folder/").status_code in {403, 404}
