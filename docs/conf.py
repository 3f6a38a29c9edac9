"""How the documentation is built: `make docs`.  Nothing is fetched from anywhere."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

project = "Tropea"
copyright = "the Tropea contributors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "tropea_docs"]
exclude_patterns = ["_build", "tests", "requirements.txt"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
add_module_names = False
smartquotes = False
python_use_unqualified_type_names = True
suppress_warnings = ["autodoc.mocked_object"]

html_theme = "furo"
html_title = "Tropea"
html_static_path = ["_static"]
html_css_files = ["tropea.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#8e2453",
        "color-brand-content": "#8e2453",
        "color-brand-visited": "#6d1c40",
    },
    "dark_css_variables": {
        "color-brand-primary": "#e9b7ca",
        "color-brand-content": "#e9b7ca",
        "color-brand-visited": "#d283a2",
    },
}
