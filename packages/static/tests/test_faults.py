"""Files that change, shrink, grow and vanish while they are served; clients that leave."""

import os
import threading

import pytest

from tropea.core.errors import OptionError
from tropea.static import FolderSource, StaticMiddleware, static_server, variants
from tropea.static.errors import Torn

LARGE = 400_000


def start(app, path, headers=(), **environ):
    """Begin a request; return its head and its body, unread."""
    heads = []
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": path, **environ}
    asked |= {"HTTP_" + k.upper().replace("-", "_"): v for k, v in dict(headers).items()}
    body = app(asked, lambda status, fields, exc_info=None: heads.append((status, dict(fields))))
    return heads[0][0], heads[0][1], body


def replace(path, content):
    """Put a new file in the place of one, as an editor or a deployment does."""
    fresh = path.with_name("fresh")
    fresh.write_bytes(content)
    fresh.replace(path)


@pytest.fixture(
    params=[{"memory": 0, "keep": 0}, {"lazy": 9}, {"autorefresh": True}],
    ids=["scan", "lazy", "auto"],
)
def served(request, tmp_path):
    path = tmp_path / "f.bin"
    path.write_bytes(b"a" * LARGE)
    return path, static_server(tmp_path, **request.param)


def test_a_replaced_file_is_sent_with_its_own_head(served, ask):
    path, app = served
    old = ask(app, "/f.bin")
    replace(path, b"b" * 100)
    new = ask(app, "/f.bin")
    assert new.body == b"b" * 100
    assert new["Content-Length"] == "100"
    assert new["ETag"] != old["ETag"]
    assert ask(app, "/f.bin", headers={"If-None-Match": old["ETag"]}).status == 200
    assert ask(app, "/f.bin", headers={"If-None-Match": new["ETag"]}).status == 304


def test_what_is_being_sent_goes_on_when_the_file_is_replaced(served):
    path, app = served
    _, head, body = start(app, "/f.bin")
    blocks = iter(body)
    first = next(blocks)
    replace(path, b"b" * LARGE)
    assert first + b"".join(blocks) == b"a" * int(head["Content-Length"])
    body.close()


def test_a_file_that_shrinks_cuts_the_connection(served):
    path, app = served
    _, _, body = start(app, "/f.bin")
    blocks = iter(body)
    next(blocks)
    os.truncate(path, 70_000)
    with pytest.raises(Torn):
        b"".join(blocks)
    body.close()


def test_a_file_that_grows_sends_exactly_its_content_length(served):
    path, app = served
    _, head, body = start(app, "/f.bin")
    blocks = iter(body)
    first = next(blocks)
    with path.open("ab") as file:
        file.write(b"more" * 1000)
    assert len(first + b"".join(blocks)) == int(head["Content-Length"]) == LARGE
    body.close()


def test_a_file_rewritten_in_place_is_never_sent_as_a_mixture(served):
    path, app = served
    _, _, body = start(app, "/f.bin")
    blocks = iter(body)
    next(blocks)
    with path.open("r+b") as file:
        file.write(b"b" * LARGE)
    os.utime(path, (1, 1))
    with pytest.raises(Torn):
        b"".join(blocks)
    body.close()


def test_a_file_that_was_only_touched_goes_through_where_its_hash_is_known(tmp_path):
    path = tmp_path / "f.bin"
    path.write_bytes(b"a" * LARGE)
    _, _, body = start(static_server(tmp_path, memory=0), "/f.bin")
    blocks = iter(body)
    first = next(blocks)
    os.utime(path, (1, 1))
    assert len(first + b"".join(blocks)) == LARGE
    body.close()


def test_a_file_whose_rights_change_while_it_is_sent_goes_through(served):
    path, app = served
    _, _, body = start(app, "/f.bin")
    blocks = iter(body)
    first = next(blocks)
    path.chmod(0o600)
    assert first + b"".join(blocks) == b"a" * LARGE
    body.close()


def test_a_file_that_is_written_into_and_given_its_old_time_is_noticed(served, ask):
    path, app = served
    old = ask(app, "/f.bin")
    told = path.stat()
    with path.open("r+b") as file:
        file.write(b"b" * LARGE)
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert path.stat().st_mtime_ns == told.st_mtime_ns
    assert ask(app, "/f.bin").body == b"b" * LARGE
    if "-" not in old["ETag"]:  # made of the content
        assert ask(app, "/f.bin", headers={"If-None-Match": old["ETag"]}).status == 200


def test_a_small_file_that_changes_while_it_is_read_is_read_again(served, ask, monkeypatch):
    from tropea.static import openfiles

    path, app = served
    replace(path, b"a" * 50_000)
    assert ask(app, "/f.bin").body == b"a" * 50_000
    real, left = openfiles.pread, [b"b" * 50_000, b"c" * 30_000]

    def meddling(descriptor, size, offset):
        block = real(descriptor, size, offset)
        if left:
            path.write_bytes(left.pop(0))
        return block

    monkeypatch.setattr(openfiles, "pread", meddling)
    answer = ask(app, "/f.bin")
    assert len(set(answer.body)) == 1
    assert answer["Content-Length"] == str(len(answer.body))
    part = ask(app, "/f.bin", headers={"Range": "bytes=5-9"})
    assert (part.status, part.body) == (206, b"ccccc")
    assert part["ETag"] == ask(app, "/f.bin")["ETag"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_fifo_in_the_place_of_a_known_file_is_404_and_does_not_wait(served, ask):
    path, app = served
    replace(path, b"a" * 100)
    assert ask(app, "/f.bin").status == 200
    path.unlink()
    os.mkfifo(path)
    assert ask(app, "/f.bin").status == 404
    assert ask(app, "/f.bin", headers={"Range": "bytes=0-5"}).status == 404


def test_a_look_is_good_for_as_long_as_recheck_says(tmp_path, fill, ask, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(variants, "monotonic", lambda: now[0])
    app = static_server(fill(tmp_path, {"a.txt": "old"}), memory=0, recheck=2)
    held = {"If-None-Match": ask(app, "/a.txt")["ETag"]}
    assert ask(app, "/a.txt", headers=held).status == 304
    looks = []
    real = FolderSource.restat
    monkeypatch.setattr(FolderSource, "restat", lambda *args: looks.append(1) or real(*args))
    now[0] += 1.9
    assert ask(app, "/a.txt", headers=held).status == 304
    assert ask(app, "/a.txt", "HEAD").status == 200
    assert looks == []
    replace(tmp_path / "a.txt", b"a new one")
    assert ask(app, "/a.txt", headers=held).status == 304  # as a cache may answer, too
    now[0] += 0.2
    assert ask(app, "/a.txt", headers=held).body == b"a new one"
    replace(tmp_path / "a.txt", b"the newest")
    assert ask(app, "/a.txt").body == b"the newest"


@pytest.mark.parametrize("recheck", [-1, 61, float("nan"), "5m"])
def test_a_look_is_good_for_a_minute_at_most(tmp_path, recheck):
    with pytest.raises(OptionError, match="recheck: expected 0 to 60 seconds"):
        static_server(tmp_path, recheck=recheck)


@pytest.mark.parametrize(
    "options", [{"memory": 0}, {"lazy": 9}, {"autorefresh": True}], ids=["scan", "lazy", "auto"]
)
def test_a_link_that_is_turned_to_another_release_is_followed_there(tmp_path, fill, ask, options):
    fill(tmp_path, {"v1/a.txt": "one", "v2/a.txt": "two"})
    link = tmp_path / "current"
    link.symlink_to("v1")
    app = static_server(tmp_path, **options)
    old = ask(app, "/current/a.txt")
    assert old.body == b"one"
    (tmp_path / "next").symlink_to("v2")
    (tmp_path / "next").replace(link)
    assert ask(app, "/current/a.txt", "HEAD")["ETag"] != old["ETag"]
    assert ask(app, "/current/a.txt").body == b"two"
    assert ask(app, "/current/a.txt", headers={"If-None-Match": old["ETag"]}).status == 200
    link.unlink()
    assert ask(app, "/current/a.txt").status == 404
    assert ask(app, "/v1/a.txt").body == b"one"


def test_a_vanished_file_is_404_and_comes_back(served, ask):
    path, app = served
    assert ask(app, "/f.bin").status == 200
    path.unlink()
    assert ask(app, "/f.bin").status == 404
    assert ask(app, "/f.bin", "HEAD").status == 404
    path.write_bytes(b"again")
    assert ask(app, "/f.bin").body == b"again"


def test_the_layer_passes_a_vanished_file_on(tmp_path, ask):
    (tmp_path / "f.txt").write_text("f")

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"app"]

    layer = StaticMiddleware(app, tmp_path, keep=0)
    (tmp_path / "f.txt").unlink()
    assert ask(layer, "/f.txt").body == b"app"


def test_what_is_in_memory_stays_as_it_was_until_the_next_scan(tmp_path, ask):
    (tmp_path / "f.txt").write_text("old")
    app = static_server(tmp_path)
    replace(tmp_path / "f.txt", b"new and longer")
    assert ask(app, "/f.txt").body == b"old"
    app.rescan()
    assert ask(app, "/f.txt").body == b"new and longer"


def test_a_folder_that_is_swapped_is_found_again(tmp_path, fill, ask):
    root = fill(tmp_path / "site", {"css/a.css": "old", "b.txt": "b"})
    app = static_server(root, keep=0)
    (root / "css").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "a.css").unlink()
    fill(root, {"css/a.css": "brand new"})
    assert ask(app, "/css/a.css").body == b"brand new"
    assert ask(app, "/css/a.css").body == b"brand new"


def test_section_13_1_5_a_download_that_changed_is_not_resumed(served, ask):
    path, app = served
    held = ask(app, "/f.bin")
    replace(path, b"c" * LARGE)
    asked = {"Range": f"bytes={LARGE // 2}-", "If-Range": held["ETag"]}
    answer = ask(app, "/f.bin", headers=asked)
    assert (answer.status, answer.body) == (200, b"c" * LARGE)


def test_a_table_that_is_filled_lazily_keeps_to_its_bound(tmp_path, fill, ask):
    app = static_server(fill(tmp_path, {f"{n}.txt": str(n) for n in range(50)}), lazy=7)
    for _ in range(2):
        for n in range(50):
            assert ask(app, f"/{n}.txt").body == str(n).encode()
            ask(app, f"/none{n}")
    assert len(app.files.table._entries) == 7


def test_memory_is_given_to_the_smallest_files_within_its_budget(tmp_path, fill):
    root = fill(tmp_path, {f"{size}.bin": "x" * size for size in (100, 200, 300, 400)})
    app = static_server(root, memory=650, keep=350)
    held = {path for path, entry in app.files.table.entries.items() if entry.only.data is not None}
    assert held == {"/100.bin", "/200.bin", "/300.bin"}


def test_a_folder_that_goes_takes_its_redirect_along(tmp_path, fill, ask):
    root = fill(tmp_path, {"sub/index.html": "x"})
    for options in ({"lazy": 5}, {"autorefresh": True}):
        app = static_server(root, **options)
        assert ask(app, "/sub").status == 301
        (root / "sub").rename(root / "gone")
        assert ask(app, "/sub").status == 404
        (root / "gone").rename(root / "sub")


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors are counted in /proc")
def test_clients_that_leave_leave_no_descriptor_behind(served):
    _, app = served
    ways = ({}, {"Range": "bytes=1-200000"}, {"Range": "bytes=0-9,100000-300000"},
            {"If-None-Match": "*"}, {"Range": "bytes=999999999-"}, {"If-Match": '"no"'})  # fmt: skip
    for headers in ways:
        start(app, "/f.bin", headers)[2]
    before = descriptors()
    for number in range(300):
        body = start(app, "/f.bin", ways[number % len(ways)])[2]
        if number % 2 and hasattr(body, "close"):
            next(iter(body))
        getattr(body, "close", lambda: None)()
        getattr(body, "close", lambda: None)()
    assert descriptors() <= before


class Wrapper:
    """What a server may hand in: it takes the file, and may use its descriptor."""

    def __init__(self, file, size=8192):
        self.file, self.size = file, size

    def __iter__(self):
        return iter(lambda: self.file.read(self.size), b"")

    def close(self):
        self.file.close()


def test_the_servers_file_wrapper_is_handed_through_for_whole_files_alone(served):
    _, app = served
    environ = {"wsgi.file_wrapper": Wrapper}
    _, _, body = start(app, "/f.bin", **environ)
    assert type(body) is Wrapper
    assert os.fstat(body.file.fileno()).st_size == LARGE
    assert len(b"".join(body)) == LARGE
    body.close()
    for field in ("bytes=0-5", "bytes=1-", "bytes=0-100000,200000-300000"):
        _, _, body = start(app, "/f.bin", {"Range": field}, **environ)
        assert type(body) is not Wrapper
        getattr(body, "close", lambda: None)()


def test_a_wrapped_file_ends_where_its_content_length_ends(served):
    path, app = served
    _, head, body = start(app, "/f.bin", **{"wsgi.file_wrapper": Wrapper})
    with path.open("ab") as file:
        file.write(b"more")
    assert len(b"".join(body)) == int(head["Content-Length"])
    body.close()
    _, _, body = start(app, "/f.bin", **{"wsgi.file_wrapper": Wrapper})
    os.truncate(path, 10)
    with pytest.raises(Torn):
        b"".join(body)
    body.close()


def test_readers_beside_a_writer_never_see_two_files_in_one(served):
    path, app = served
    problems, stop = [], threading.Event()

    def write():
        letters = b"abcdefgh"
        number = 0
        while not stop.is_set():
            number += 1
            content = letters[number % 8 : number % 8 + 1] * (100_000 + number % 7 * 30_000)
            if number % 3:
                replace(path, content)
            else:
                path.unlink(missing_ok=True)

    def read():
        for _ in range(150):
            status, head, body = start(app, "/f.bin")
            data = b"".join(body)
            getattr(body, "close", lambda: None)()
            if status[:3] == "404":
                continue
            if len(data) != int(head["Content-Length"]) or len(set(data)) != 1:
                problems.append((status, head, set(data)))

    writer = threading.Thread(target=write)
    readers = [threading.Thread(target=read) for _ in range(4)]
    writer.start()
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    stop.set()
    writer.join()
    assert problems == []


@pytest.mark.slow
def test_two_gigabytes_take_no_memory(tmp_path):
    import resource

    path = tmp_path / "sparse.bin"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3 + 5)
    app = static_server(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for headers in ({}, {"Range": "bytes=5-"}):
        _, head, body = start(app, "/sparse.bin", headers)
        sent = sum(len(block) for block in body)
        body.close()
        assert sent == int(head["Content-Length"])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024
