"""The recipes of a fresh book: slug, title, ingredients, method, picture, cook."""

SEEDS = (
    (
        "toast",
        "Toast",
        "2 slices of bread\nSalted butter",
        "Put the bread under a hot grill for two to three minutes, turning once.\n"
        "Butter it while it is warm.\n"
        "Serve at once.",
        "/static/toast.svg",
        "Oliver",
    ),
    (
        "baked-beans",
        "Baked beans",
        "1 tin of baked beans\n1 knob of butter\nBlack pepper",
        "Open the tin of baked beans.\n"
        "Put them into a saucepan with the butter, and heat.\n"
        "Season and serve; toast goes well with them.",
        "/static/baked-beans.svg",
        "Oliver",
    ),
    (
        "red-onion-soup",
        "Red onion soup",
        "1 kg red onions of Tropea\n60 g butter\n1 l vegetable stock\n"
        "1 glass of white wine\n4 slices of stale bread\n100 g pecorino, grated",
        "Slice the onions finely and cook them in the butter over a low flame for forty minutes.\n"
        "Pour in the wine and let it boil away.\n"
        "Add the stock and simmer for half an hour.\n"
        "Toast the bread, lay it in the bowls, pour the soup over and strew with the cheese.",
        "/static/red-onion-soup.svg",
        "Caterina",
    ),
    (
        "lemon-linguine",
        "Lemon linguine",
        "350 g linguine\n2 unwaxed lemons\n80 g parmesan\n4 tablespoons olive oil\nBasil",
        "Grate the zest of one lemon and press both.\n"
        "Beat the juice with oil, zest and cheese until it thickens.\n"
        "Boil the linguine, keep a cup of their water, and drain.\n"
        "Toss everything with a little of the water and tear the basil over it.",
        "/static/lemon-linguine.svg",
        "Caterina",
    ),
)
