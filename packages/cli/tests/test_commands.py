"""Each command, run as a process."""

import json
import subprocess
import sys

import pytest


def fine(answer):
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


class TestHelp:
    def test_the_overview_names_every_command(self, tropea):
        text = fine(tropea("--help"))
        for name in ("serve", "request", "post", "onion", "check", "routes", "match", "points", "shell", "create",
                     "make-config", "setup-app", "controller", "restcontroller", "grep", "profile"):  # fmt: skip
            assert f"\n  {name} " in text

    def test_no_arguments_is_the_overview(self, tropea):
        assert fine(tropea()) == fine(tropea("help")) == fine(tropea("-h"))

    @pytest.mark.parametrize("name", ["serve", "request", "check", "grep", "create", "profile"])
    def test_help_of_a_command_has_examples(self, tropea, name):
        text = fine(tropea("help", name))
        assert "examples:\n" in text
        assert f"tropea {name}" in text
        assert fine(tropea(name, "--help")) == text

    def test_the_version(self, tropea):
        assert fine(tropea("--version")).startswith("tropea-cli 1.0.0, Python 3.")

    def test_the_overview_imports_next_to_nothing(self, folder):
        program = (
            "import sys; before = set(sys.modules); from tropea.cli.main import main; main(['--help']); "
            "print(*(set(sys.modules) - before))"
        )
        answer = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder
        )
        loaded = set(answer.stdout.rpartition("more.\n")[2].split())
        heavy = {"webob", "waitress", "paste.deploy", "asyncio", "http.server", "argparse", "importlib.metadata",
                 "email.message", "dataclasses", "inspect", "tomllib", "ast", "logging", "tempfile"}  # fmt: skip
        assert not heavy & loaded

    def test_piped_output_is_plain_and_a_terminal_gets_colours(self, tropea):
        assert "\x1b" not in fine(tropea("onion", "app.ini"))
        assert "\x1b" in fine(tropea("onion", "app.ini", FORCE_COLOR="1"))


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["serv"], "there is no command 'serv'; did you mean 'serve'?"),
            (["--nonsense"], "there is no option --nonsense"),
            (["onion", "ap.ini"], "there is no file ap.ini; did you mean"),
            (["onion", "nowhere:app"], "cannot import 'nowhere'"),
            (["onion", "plainapp:none"], "'plainapp' has no 'none'"),
            (["onion", "plainapp:INI"], "has no 'INI'"),
            (
                ["onion", "app.ini", "--app-name", "none"],
                "app.ini has no application called 'none'; it has main, site",
            ),
            (["check", "plainapp:application"], "is no ini file"),
            (["request", "app.ini", "/", "-H", "nonsense"], "expected a header such as"),
            (["request", "app.ini", "/", "--json", "{"], "--json: this is no JSON"),
            (["request", "app.ini", "/", "-F", "x"], "--form: expected name=value, got 'x'"),
            (["request", "app.ini", "/", "--file", "x=none"], "--file: none: No such file"),
            (["request", "app.ini", "/", "-H", "X: a\nb"], "a header has one line"),
            (["request", "app.ini", "http://[", "-i"], "expected a path, or an address such as"),
            (["request", "app.ini", "http://h:99999/"], "expected a path, or an address such as"),
            (
                ["request", "app.ini", "/", "-d", "x", "--json", "{}"],
                "a request has one body: --data or --json",
            ),
            (["request", "app.ini", "/", "-b", "x"], "--cookie: expected name=value"),
            (["onion", "app.ini", "--svg", "no/where.svg"], "cannot be written: No such file"),
            (["serve", "app.ini", "--port", "70000"], "--port: expected a number from 0 to 65535"),
            (["request", "app.ini", "/boom"], "ValueError: boom (--debug shows where)"),
            (["onion", "app.ini", "x"], "expected name=value, got 'x'"),
            (["points", "paste.filter_factori"], "did you mean 'paste.filter_factory'?"),
            (["grep", "not a name"], "expected a Python name"),
            (["profile", "app.ini", "/", "-n", "0"], "-n: expected 1 or more"),
            (
                ["--plugin", "no-such-dist", "serve"],
                "no-such-dist is not installed here: pip install",
            ),
            (["create", "5"], "expected a name that can be a Python module"),
            (["controller", "x"], "no package with controllers/ here"),
            (["make-config", "no-such-dist"], "no-such-dist is not installed here"),
        ],
    )
    def test_each_is_one_clear_line(self, tropea, arguments, told):
        answer = tropea(*arguments)
        assert answer.returncode == 2
        assert told in answer.stderr
        assert "Traceback" not in answer.stderr
        assert len(answer.stderr.strip().splitlines()) == 1

    def test_debug_shows_where(self, tropea):
        assert "Traceback" in tropea("request", "app.ini", "/boom", "--debug").stderr

    def test_a_reader_that_goes_away_is_no_error(self, folder):
        answer = subprocess.run(
            f"{sys.executable} -m tropea.cli points console_scripts | head -n 1", shell=True, cwd=folder,
            capture_output=True, text=True,
        )  # fmt: skip
        assert "Traceback" not in answer.stderr


class TestRequest:
    def test_the_body_comes_as_it_is(self, tropea):
        assert fine(tropea("request", "app.ini", "/a%20b?q=1")) == "good day GET /a b"

    def test_an_object_is_taken_too(self, tropea):
        assert fine(tropea("request", "plainapp:application", "/")) == "hello GET /"
        assert fine(tropea("request", "plainapp", "/")) == "hello GET /"

    def test_a_section_can_be_named(self, tropea):
        assert "X-Added" not in fine(tropea("request", "app.ini#site", "/", "-i"))
        assert "X-Added: 2" in fine(tropea("request", "app.ini", "/", "-i"))

    def test_forms_json_data_and_files_are_posted(self, tropea, folder):
        assert fine(tropea("request", "app.ini", "/", "-F", "a=1 2", "-F", "b=é")).endswith(
            "POST / a=1+2&b=%C3%A9"
        )
        assert fine(tropea("post", "app.ini", "/", "--json", '{"a": 1}')).endswith(
            'POST / {"a": 1}'
        )
        assert fine(tropea("post", "app.ini", "/", "-d", "@-", input="raw")).endswith("POST / raw")
        (folder / "x.png").write_bytes(b"\x89PNG")
        text = fine(tropea("post", "app.ini", "/", "-F", "n=1", "--file", "f=plainapp.py"))
        assert 'name="f"; filename="plainapp.py"' in text
        assert "Content-Type: text/x-python" in text

    def test_methods_headers_and_cookies(self, tropea):
        assert "good day DELETE /" in fine(tropea("request", "app.ini", "/", "-X", "delete"))
        assert "X-Cookie: a=b c" not in fine(tropea("request", "app.ini", "/", "-i", "-b", "a=b c"))
        assert "X-Cookie: a=b%20c; d=e" in fine(
            tropea("request", "app.ini", "/", "-i", "-b", "a=b c", "-b", "d=e")
        )

    def test_what_is_typed_is_sent_as_a_client_would(self, tropea):
        assert (
            fine(tropea("request", "app.ini", "/é")) == "good day GET /Ã©"
        )  # octets, as PEP 3333 has them
        assert fine(tropea("request", "app.ini", "https", "-i")).startswith("200 OK")
        assert "X-Cookie: a=1; b=2" in fine(
            tropea("request", "app.ini", "/", "-i", "-H", "Cookie: a=1", "-b", "b=2")
        )

    def test_the_status_can_be_the_exit_status(self, tropea):
        assert tropea("request", "app.ini", "/missing", "--status-exit").returncode == 4
        assert tropea("request", "app.ini", "/missing").returncode == 0

    def test_the_trace_tells_what_each_layer_did(self, tropea):
        answer = tropea("request", "app.ini", "/", "--trace")
        adding, app = answer.stderr.strip().splitlines()[1:]
        assert adding.startswith("plainapp.Adding")
        assert "+X-Added: 2; environ +added" in adding
        assert app.strip().startswith("plainapp.app_factory.<locals>.app")
        assert fine(answer) == "good day GET /"


class TestOnion:
    def test_the_tree_names_layers_outermost_first(self, tropea):
        assert fine(tropea("onion", "app.ini")).splitlines() == [
            "plainapp.Adding",
            "└─ plainapp.app_factory.<locals>.app",
        ]

    def test_json_and_svg(self, tropea, folder):
        data = json.loads(fine(tropea("onion", "app.ini", "--json")))
        assert data["inner"][0]["name"] == "plainapp.app_factory.<locals>.app"
        fine(tropea("onion", "app.ini", "--svg", "onion.svg"))
        import xml.etree.ElementTree as ET

        root = ET.parse(folder / "onion.svg").getroot()
        assert len(root.findall(".//{http://www.w3.org/2000/svg}circle")) == 2

    def test_composites_are_branches(self, tropea, folder):
        pytest.importorskip("paste.urlmap")
        (folder / "map.ini").write_text(
            "[composite:main]\nuse = egg:Paste#urlmap\n/ = site\n/shop = shop\n"
            "[app:site]\npaste.app_factory = plainapp:app_factory\n"
            "[app:shop]\npaste.app_factory = plainapp:app_factory\n"
        )
        lines = fine(tropea("onion", "map.ini")).splitlines()
        assert "URLMap" in lines[0]
        assert [line[:3] for line in lines[1:]] == ["├─ ", "└─ "]
        assert "/shop" in lines[1]

    def test_a_framework_is_entered(self, tropea, folder):
        pytest.importorskip("flask")
        (folder / "flasksite.py").write_text(
            "import flask, plainapp\napp = flask.Flask('site')\napp.wsgi_app = plainapp.Adding(app.wsgi_app, '1')\n"
            "@app.get('/x')\ndef x():\n    return 'x'\n"
        )
        assert [line.strip("└─ ") for line in fine(tropea("onion", "flasksite:app")).splitlines()][
            1
        ] == "plainapp.Adding"
        assert "/x" in fine(tropea("routes", "flasksite:app"))


class TestCheck:
    def test_a_good_file_has_nothing(self, tropea):
        assert fine(tropea("check", "app.ini")) == "app.ini: nothing to find fault with\n"

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("[DEFAULT]\n", "[DEFAULT]\nvalue = 9\n", "[filter:adding] value: Paste Deploy drops it silently"),
            ("[app:site]", "[app]", "Paste Deploy looks for a name: write [app:main]"),
            ("[app:site]", "[composite:site]\nuse = egg:Paste#urlmap\n[app:site]",
             "there is also [composite:site], and one name can mean only one application"),
            ("= adding site", "= call:plainapp:filter_factory site", "cannot tell what a call: in a pipeline makes"),
            ("paste.app_factory = plainapp:app_factory", "use = call:plainapp:application", "is an application itself"),
            ("paste.filter_factory = plainapp:filter_factory", "paste.filter_factory = broken:factory",
             "broken:factory: RuntimeError: not today"),
            ("setup_app =", "setup_ap =", "[tropea] has no option 'setup_ap'; did you mean 'setup_app'?"),
            ("value = 2", "valeu = 2", "[filter:adding] has no option 'valeu'; did you mean 'value'?"),
            ("value = 2", "value = 50%", "[filter:adding] value: a % that is meant is written %%"),
            ("value = 2", "value = %(hree)s", "%(hree)s is set nowhere; did you mean %(here)s?"),
            ("= adding site", "= addin site", "'addin' is no section of a filter; did you mean 'adding'?"),
            ("= adding site", "= adding sit", "'sit' is no section of an application; did you mean 'site'?"),
            ("= adding site", "= adding site\nfilter-with = adding", "filter-with in a pipeline stands outside"),
            ("paste.filter_factory = plainapp:filter_factory", "use = egg:no-such-dist",
             "no-such-dist is not installed here: pip install no-such-dist"),
            ("paste.filter_factory = plainapp:filter_factory", "use = egg:tropea-core#proxxy",
             "tropea-core has no filter called 'proxxy'; did you mean tropea-core#proxy?"),
            ("paste.filter_factory = plainapp:filter_factory", "use = call:plainapp:filter_app_factory",
             "write paste.filter_app_factory = plainapp:filter_app_factory instead of use"),
            ("plainapp:filter_factory", "plainapp:nothing", "plainapp:nothing: module 'plainapp' has no attribute"),
            ("paste.app_factory = plainapp:app_factory\n", "", "[app:site] says neither 'use' nor a factory"),
            ("paste.app_factory = plainapp:app_factory", "use = sitte", "use: there is no section 'sitte'; did you mean 'site'?"),
            ("paste.app_factory = plainapp:app_factory", "use = config:other.ini", "there is no file other.ini"),
        ],
    )  # fmt: skip
    def test_each_mistake_is_found_with_its_line(self, tropea, folder, old, new, told):
        text = (folder / "app.ini").read_text()
        assert old in text
        (folder / "broken.py").write_text("raise RuntimeError('not today')\n")
        (folder / "app.ini").write_text(text.replace(old, new))
        answer = tropea("check", "app.ini", "--no-load", "--strict")
        assert answer.returncode == 1
        assert told in answer.stdout
        assert "line " in answer.stdout

    def test_what_the_command_line_sets_is_known(self, tropea, folder):
        (folder / "app.ini").write_text(
            (folder / "app.ini").read_text().replace("value = 2", "value = %(price)s")
        )
        assert "%(price)s is set nowhere" in tropea("check", "app.ini").stdout
        assert fine(tropea("check", "app.ini", "price=5", "--strict"))

    def test_a_wrong_order_is_told_with_its_reason(self, tropea, folder):
        (folder / "app.ini").write_text(
            "[pipeline:main]\npipeline = rewrite proxy site\n"
            "[filter:proxy]\nuse = egg:tropea-core#proxy\n"
            "[filter:rewrite]\npaste.filter_factory = kinds:factory\n"
            "[app:site]\npaste.app_factory = plainapp:app_factory\n"
        )
        (folder / "kinds.py").write_text(
            "from tropea.core.layer import Layer\nclass Rewriting(Layer):\n    kind = 'rewrite'\n"
            "def factory(global_conf):\n    return Rewriting\n"
        )
        answer = tropea("check", "app.ini")
        assert (
            "ProxyMiddleware belongs outside kinds.Rewriting: rules compare scheme and host"
            in answer.stdout
        )
        assert answer.returncode == 0
        assert tropea("check", "app.ini", "--strict").returncode == 1

    def test_findings_as_json(self, tropea, folder):
        (folder / "app.ini").write_text("[app:main]\n")
        answer = tropea("check", "app.ini", "--json")
        assert json.loads(answer.stdout)[0]["severity"] == "error"

    def test_a_file_that_is_no_ini_says_so(self, tropea, folder):
        (folder / "app.ini").write_text("nonsense\n")
        answer = tropea("check", "app.ini")
        assert answer.returncode == 1
        assert "no section headers" in answer.stdout


class TestOthers:
    def test_points_lists_what_paste_can_use(self, tropea):
        text = fine(tropea("points", "paste.filter_factory"))
        assert "egg:tropea-core#proxy" in text

    def test_set_up_runs_the_hook_of_the_application(self, tropea):
        assert "set up with good day" in fine(tropea("setup-app", "app.ini"))
        assert "set up with good day" in fine(
            tropea("setup-app", "app.ini", "--hook", "plainapp:greet_setup")
        )

    def test_an_application_without_a_hook_says_how_to_name_one(self, tropea, folder):
        (folder / "app.ini").write_text("[app:main]\npaste.app_factory = plainapp:app_factory\n")
        assert "name one with --hook" in tropea("setup-app", "app.ini").stderr

    def test_the_shell_has_the_application_and_a_client(self, tropea):
        program = "print(client.get('/x').body_text); print(len(stack)); print(app is stack[0])"
        assert (
            fine(tropea("shell", "app.ini", "--plain", input=program))
            == "good day GET /x\n2\nTrue\n"
        )

    def test_profile_prints_a_row_a_layer(self, tropea, folder):
        text = fine(tropea("profile", "app.ini", "/", "-n", "20", "--svg", "p.svg"))
        assert "median" in text
        assert "plainapp.Adding" in text
        assert (folder / "p.svg").read_text().startswith("<svg")

    def test_grep_tells_definitions_from_uses(self, tropea, folder):
        (folder / "t.html").write_text("<p>Adding</p>\n")
        text = fine(tropea("grep", "Adding"))
        assert "plainapp.py:15: definition: class Adding:" in text
        assert ": use: " in text
        assert "t.html:1: text: <p>Adding</p>" in text
        assert len(fine(tropea("grep", "Adding", "-d")).splitlines()) == 1
        assert tropea("grep", "NoSuchName").returncode == 1

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_completions_name_the_commands(self, tropea, shell):
        assert "restcontroller" in fine(tropea("completion", shell))

    def test_bash_takes_the_completions(self, tropea):
        script = fine(tropea("completion", "bash"))
        program = (
            script + '\nCOMP_WORDS=(tropea ser); COMP_CWORD=1; _tropea; echo "${COMPREPLY[@]}"'
        )
        answer = subprocess.run(["bash", "-c", program], capture_output=True, text=True)
        assert answer.stdout.strip() == "serve"

    def test_make_config_writes_an_ini_that_loads(self, tropea, folder):
        pytest.importorskip("paste.debug")
        fine(tropea("make-config", "Paste", "t.ini", "--name", "test"))
        assert "use = egg:Paste#test" in (folder / "t.ini").read_text()
        assert tropea("make-config", "Paste", "t.ini", "--name", "test").returncode == 2
        assert fine(tropea("request", "t.ini", "/"))

    def test_variables_reach_the_ini(self, tropea, folder):
        (folder / "app.ini").write_text(
            "[app:main]\npaste.app_factory = plainapp:app_factory\ngreeting = %(word)s\n"
        )
        assert fine(tropea("request", "app.ini", "/", "word=hey")).startswith("hey")
        assert "'word'" in tropea("request", "app.ini", "/").stderr


def install(folder, name, points):
    """Make a distribution be there, as far as anybody who looks can tell."""
    place = folder / f"{name}-1.2.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (place / "entry_points.txt").write_text(points)


class TestPlugins:
    def test_those_of_a_distribution_stand_apart_with_their_summary(self, tropea, folder):
        install(
            folder,
            "shop",
            "[tropea.commands]\ngreet = greeting\nwave = greeting:Wave\nserve = greeting\n",
        )
        (folder / "greeting.py").write_text(
            "SUMMARY = 'greet somebody'\n"
            "def configure(parser):\n    parser.add_argument('who')\n"
            "def run(options):\n    print('hello', options.who)\n"
            "class Wave:\n    SUMMARY = 'wave at somebody'\n    configure = staticmethod(configure)\n"
            "    @staticmethod\n    def run(options):\n        print('o/', options.who)\n"
        )
        path = {"PYTHONPATH": str(folder)}
        ours, _, theirs = fine(tropea("--help", **path)).partition("\n\ncommands of shop 1.2:\n")
        assert theirs.startswith(
            "  greet           greet somebody\n  wave            wave at somebody\n\n"
        )
        assert "serve           serve an application" in ours
        assert fine(tropea("greet", "ann", **path)) == "hello ann\n"
        assert fine(tropea("wave", "bob", **path)) == "o/ bob\n"
        assert fine(tropea("--plugin", "shop", "serve", "eve", **path)) == "hello eve\n"
        assert "commands of shop, named by --plugin:" in fine(
            tropea("--plugin=shop", "--help", **path)
        )

    def test_what_is_no_command_says_what_it_needs(self, tropea, folder):
        install(folder, "shop", "[tropea.commands]\ngreet = plainapp\n")
        answer = tropea("greet", PYTHONPATH=str(folder))
        assert answer.returncode == 2
        assert "is no command: it needs configure(parser) and run(options)" in answer.stderr

    def test_a_plugin_without_commands_says_so(self, tropea, folder):
        install(folder, "shop", "[paste.app_factory]\nmain = plainapp:app_factory\n")
        assert (
            "shop offers nothing in the group tropea.commands"
            in tropea("--plugin", "shop", "--help", PYTHONPATH=str(folder)).stderr
        )
        assert "expected the name of a distribution" in tropea("--plugin").stderr

    def test_a_project_brings_its_own_commands(self, tropea, folder):
        (folder / "pyproject.toml").write_text(
            '[project]\nname = "shop"\n[project.entry-points."tropea.commands"]\ngreet = "greeting"\n'
        )
        (folder / "greeting.py").write_text(
            "SUMMARY = 'greet somebody'\n"
            "def configure(parser):\n    parser.add_argument('who')\n"
            "def run(options):\n    print('hello', options.who)\n"
        )
        assert fine(tropea("greet", "ann")) == "hello ann\n"
        overview = fine(tropea("--help"))
        ours, _, theirs = overview.partition(f"\n\ncommands of this project ({folder.name}):\n")
        assert "  serve " in ours
        assert theirs.startswith("  greet           greet somebody\n")

    def test_a_command_that_cannot_be_loaded_says_so(self, tropea, folder):
        (folder / "pyproject.toml").write_text(
            '[project]\nname = "shop"\n[project.entry-points."tropea.commands"]\ngreet = "nowhere"\n'
        )
        answer = tropea("greet")
        assert answer.returncode == 2
        assert "the command 'greet'" in answer.stderr
