"""The pure parts: ini findings, drawings, names."""

from hypothesis import given
from hypothesis import strategies as st

from tropea.cli.inis import check_ini
from tropea.cli.problems import CommandError
from tropea.cli.skeletons import names_for
from tropea.cli.terminal import table


@given(st.text(max_size=300))
def test_no_file_breaks_the_checker(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("ini") / "x.ini"
    path.write_text(
        text, "utf-8", errors="surrogatepass"
    ) if text.isprintable() else path.write_bytes(text.encode("utf-8", "replace"))
    check_ini(path)


@given(st.text(max_size=20))
def test_a_name_is_a_module_or_refused(text):
    try:
        names = names_for(text)
    except CommandError:
        return
    assert names["package"].isidentifier()
    assert names["class_name"].isidentifier()


def test_columns_line_up():
    lines = table(("a", "b"), [("1", "2"), ("long", "3")]).splitlines()
    assert {line.index(cell) for line, cell in zip(lines, ("b", "2", "3"))} == {6}
