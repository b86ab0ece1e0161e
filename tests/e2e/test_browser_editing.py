"""Editing as one is used to: what is wrong with a text, how it is indented, keys of other editors, and whose undo."""

import asyncio

import pytest
from playwright.async_api import Locator, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, READ, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDE = {"width": 1440, "height": 900}
LAPTOP = {"width": 1280, "height": 720}

WRONG = "import os\nimport sys\n\n\ndef greet(name):\n    print(f'Good morning, {nme}')\n    return sys\n"


def status(tab: Tab) -> Locator:
    return tab.page.locator(".editor-status")


def problems(tab: Tab) -> Locator:
    return status(tab).get_by_role("button")


async def holds(tab: Tab, path: str, text: str) -> None:
    await eventually(
        lambda: tab.text(path).evaluate(READ), lambda found: found == text.removesuffix("\n") or found == text
    )


async def do(tab: Tab, words: str, title: str) -> None:
    """An action by its name, with the keyboard alone."""
    await tab.page.keyboard.press("F1")
    await expect(tab.page.get_by_role("combobox", name="All commands")).to_be_focused()
    await tab.page.keyboard.type(words)
    await expect(tab.page.get_by_role("option", selected=True)).to_contain_text(title)
    await tab.page.keyboard.press("Enter")


KEYS = {
    "usual": ("usual keys", "Usual keys in the text"),
    "vim": ("keys vim", "Keys of Vim in the text"),
    "emacs": ("keys emacs", "Keys of Emacs in the text"),
}


async def has_keys(tab: Tab, of: str) -> None:
    await do(tab, *KEYS[of])
    if of == "usual":
        await expect(tab.page.locator("[data-keys]")).to_have_count(0)
    else:
        await expect(tab.page.locator(f"[data-keys={of}]")).to_have_count(1)


# ---- what is wrong


async def test_what_is_wrong_is_shown_listed_and_mended(site: Server, people: People) -> None:
    await new_document(site, "editing/greet.py", WRONG)
    owner, editor = await people.owner(WIDE), await people.guest("editor", "Edda", WIDE)
    for tab in (owner, editor):
        await tab.open("editing/greet.py")
        await expect(problems(tab)).to_have_text("1 error, 1 warning")
    page = owner.page
    await expect(page.locator(".cm-lintRange-error")).to_have_text("nme")
    await expect(page.locator(".cm-lintRange-warning")).to_have_text("os")
    await expect(page.locator(".cm-lint-marker")).to_have_count(2)
    await page.locator(".cm-lintRange-error").hover()
    await expect(page.locator(".cm-tooltip-lint")).to_contain_text("Undefined name “nme”")
    await people.picture(owner, "problems")

    # With the keyboard: from one to the next, which is read out, and the list.
    await owner.text("editing/greet.py").focus()
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("F8")
    await expect(page.locator(".cm-announced")).to_contain_text("warning: “os” imported but unused")
    await page.keyboard.press("Alt+F8")
    await expect(page.locator(".cm-announced")).to_contain_text("error: Undefined name “nme”")
    await page.keyboard.press("Shift+F8")
    await page.keyboard.press("Control+Shift+M")
    listed = page.get_by_role("region", name="Problems").locator(".problem-row")
    await expect(listed).to_have_text(
        ["Warning “os” imported but unused line 1, ruff F401", "Error Undefined name “nme” line 6, ruff F821"]
    )
    await expect(listed.first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(listed.last).to_be_focused()
    await people.picture(owner, "problems-list")
    await page.keyboard.press("Escape")
    await expect(listed).to_have_count(0)
    await expect(owner.text("editing/greet.py")).to_be_focused()

    # One click mends it, as an edit of one's own that everybody sees and oneself can take back.
    await page.keyboard.press("Control+.")
    await holds(editor, "editing/greet.py", WRONG.removeprefix("import os\n"))
    await expect(problems(owner)).to_have_text("1 error")
    await expect(problems(editor)).to_have_text("1 error")
    await page.keyboard.press("Control+z")
    await holds(editor, "editing/greet.py", WRONG)

    # While somebody else types, marks stay with what they are about.
    await editor.text("editing/greet.py").focus()
    await editor.page.keyboard.press("Control+Home")
    await editor.page.keyboard.type("# greets\n")
    await expect(page.locator(".cm-lintRange-error")).to_have_text("nme")
    await problems(owner).click()
    await page.get_by_role("button", name="Remove unused import").click()
    await holds(editor, "editing/greet.py", "# greets\n" + WRONG.removeprefix("import os\n"))
    await page.emulate_media(color_scheme="dark")
    await people.picture(owner, "problems-dark")


async def test_syntax_errors_and_what_the_browser_checks_itself(site: Server, people: People) -> None:
    await new_document(site, "editing/broken.py", "def f(:\n    pass\n")
    await new_document(site, "editing/a.json", '{"a": 1,}\n')
    await new_document(site, "editing/tsconfig.json", '// as always\n{"a": [1,],}\n')
    await new_document(site, "editing/a.yaml", "a: 1\na: 2\n")
    await new_document(site, "editing/a.md", "# {\n")
    owner = await people.owner(LAPTOP)
    await owner.open("editing/broken.py")
    await expect(problems(owner)).to_have_text("2 errors")
    asked: list[str] = []
    owner.page.on("request", lambda request: asked.append(request.url))
    for path, words in (("a.json", "1 error"), ("a.yaml", "1 error")):
        await owner.open(f"editing/{path}")
        await expect(problems(owner)).to_have_text(words)
    await owner.open("editing/tsconfig.json")
    await expect(status(owner)).to_contain_text("No problems")
    await owner.open("editing/a.md")
    await expect(status(owner)).to_contain_text("2 spaces")
    await expect(status(owner)).not_to_contain_text("problems")
    assert not [url for url in asked if url.endswith("/diagnostics")]
    await do(owner, "next problem", "Next problem")
    await expect(owner.page.get_by_text("nobody checks this kind of file")).to_be_visible()
    await owner.page.keyboard.press("Escape")


async def test_without_the_server_nothing_is_claimed(site: Server, people: People) -> None:
    await new_document(site, "editing/away.py", WRONG)
    owner = await people.owner(LAPTOP)
    await owner.open("editing/away.py")
    await expect(problems(owner)).to_have_text("1 error, 1 warning")
    await owner.page.route("**/diagnostics", lambda route: route.fulfill(status=503, body="{}"))
    owner.errors.clear()
    await owner.type_at_end("editing/away.py", "\n")
    await expect(status(owner)).to_contain_text("Not checked: the server has no time for it")
    await expect(owner.page.locator(".cm-lintRange")).to_have_count(0)
    await people.picture(owner, "problems-away")
    await owner.page.unroute("**/diagnostics")
    await owner.type_at_end("editing/away.py", "\n")
    await expect(problems(owner)).to_have_text("1 error, 1 warning")
    owner.errors.clear()  # the browser's own words on the answer


async def test_who_reads_is_told_and_cannot_mend(site: Server, people: People) -> None:
    await new_document(site, "editing/read.py", WRONG)
    viewer = await people.guest("viewer", "Vera", PHONE)
    await viewer.open("editing/read.py")
    await expect(problems(viewer)).to_have_text("1 error, 1 warning")
    await problems(viewer).click()
    await expect(viewer.page.locator(".problem-row")).to_have_count(2)
    await expect(viewer.page.locator(".problem-fix")).to_have_count(0)
    await people.picture(viewer, "problems-phone")


# ---- indentation


async def test_the_indentation_follows_editorconfig_live_and_else_the_text(site: Server, people: People) -> None:
    await new_document(site, "editing/indented/a.js", "function a() {\n   b\n}\n")
    await new_document(site, "editing/indented/b.py", "")
    owner, editor = await people.owner(LAPTOP), await people.guest("editor", "Edda", LAPTOP)
    path = "editing/indented/a.js"
    for tab in (owner, editor):
        await tab.open(path)
        await expect(status(tab)).to_contain_text("3 spaces")
    config = f"{site.workspace_path}/files/editing/indented/.editorconfig"
    text = "root = true\n[*.js]\nindent_style = tab\ntab_width = 8\n"
    (await site.owner.http.put(config, content=text.encode())).raise_for_status()
    for tab in (owner, editor):
        await expect(status(tab)).to_contain_text("Tabs, 8 wide")
    await people.picture(owner, "indentation")
    await owner.text(path).focus()
    await owner.page.keyboard.press("Control+Home")
    await owner.page.keyboard.press("End")
    await owner.page.keyboard.press("Enter")
    await owner.page.keyboard.type("x")
    await holds(editor, path, "function a() {\n\tx\n   b\n}\n")
    await owner.page.keyboard.press("Tab")
    await holds(editor, path, "function a() {\n\t\tx\n   b\n}\n")
    # Somebody changes it in the editor: the others follow.
    await editor.open("editing/indented/.editorconfig")
    await editor.select_all("editing/indented/.editorconfig")
    await editor.page.keyboard.insert_text("[*]\nindent_style = space\nindent_size = 6\n")
    await expect(status(owner)).to_contain_text("6 spaces")
    (await site.owner.http.delete(config)).raise_for_status()
    # Without any, what the text itself tells: by now as much one as the other.
    await expect(status(owner)).to_contain_text("Tabs, 4 wide")
    await owner.open("editing/indented/b.py")
    await expect(status(owner)).to_contain_text("4 spaces")


# ---- the keys of Vim and Emacs


async def two_in(site: Server, people: People, path: str, keys: str) -> tuple[Tab, Tab]:
    """The owner, with these keys and the cursor in a text of three lines, and an editor."""
    await new_document(site, path, "one\ntwo\nthree\n")
    owner, editor = await people.owner(LAPTOP), await people.guest("editor", "Edda", LAPTOP)
    for tab in (owner, editor):
        await tab.open(path)
    await owner.text(path).focus()
    await has_keys(owner, keys)
    return owner, editor


async def test_vim_takes_back_only_what_oneself_has_written(site: Server, people: People) -> None:
    path = "editing/vim.txt"
    owner, editor = await two_in(site, people, path, "vim")
    page = owner.page
    mode = page.locator(".editor-mode")
    await expect(mode).to_have_text("Vim: normal")
    await expect(mode).to_have_role("status")
    await page.keyboard.type("gg")
    await page.keyboard.type("dd")
    await holds(editor, path, "two\nthree\n")
    await editor.type_at_end(path, "four")
    await holds(owner, path, "two\nthree\nfour")
    await page.keyboard.type("ggihello ")
    await expect(mode).to_have_text("Vim: insert")
    await holds(editor, path, "hello two\nthree\nfour")
    await people.picture(owner, "vim-insert")
    await page.keyboard.press("Escape")
    await expect(mode).to_have_text("Vim: normal")
    await page.keyboard.type("u")
    await holds(editor, path, "two\nthree\nfour")
    await page.keyboard.type("u")
    await holds(editor, path, "one\ntwo\nthree\nfour")
    # What is left is somebody else's.
    await page.keyboard.type("uuu")
    await page.keyboard.press("Control+r")
    await holds(editor, path, "two\nthree\nfour")
    await page.keyboard.type(":undo\n")
    await holds(editor, path, "one\ntwo\nthree\nfour")

    await page.keyboard.type(":w")
    await people.picture(owner, "vim-command")
    await page.keyboard.press("Enter")
    await expect(page.locator(".vim-note")).to_have_text("Saved")
    await page.keyboard.type(":q\n")
    await expect(owner.text(path)).to_have_count(0)
    await page.keyboard.press("Alt+Shift+r")
    await expect(owner.text(path)).to_be_visible()
    await owner.text(path).focus()
    await page.keyboard.type(":vsplit\n")
    await expect(page.locator("[data-keys=vim]")).to_have_count(2)
    await page.keyboard.type(":only\n")
    await expect(owner.text(path)).to_have_count(1)
    await owner.text(path).focus()

    # Letters with Ctrl are Vim's, where it has a use for them; asking the assistant is not.
    await page.keyboard.type("gg")
    await page.keyboard.press("Control+f")
    await expect(page.locator(".cm-search")).to_have_count(0)
    await page.keyboard.press("Control+b")
    await expect(page.get_by_role("tree")).to_be_visible()
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("textbox", name="Instruction")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(owner.text(path)).to_be_focused()
    await page.keyboard.press("V")
    await expect(mode).to_have_text("Vim: visual line")
    await page.keyboard.press("Escape")
    await expect(mode).to_have_text("Vim: normal")
    # It stays so for this person in this browser, and goes again.
    await page.reload()
    await expect(mode).to_have_text("Vim: normal")
    await page.get_by_role("button", name="theme and account").click()
    await page.get_by_role("menuitemradio", name="As usual").click()
    await expect(page.locator("[data-keys]")).to_have_count(0)
    await owner.type_at_end(path, "!")
    await holds(editor, path, "one\ntwo\nthree\nfour!")


async def test_one_insert_of_vim_is_one_change(site: Server, people: People) -> None:
    path = "editing/vim-insert.txt"
    owner, editor = await two_in(site, people, path, "vim")
    page = owner.page
    begun = "one\ntwo\nthree\n"
    for keys, text in (
        ("ggOnew line", "new line\n" + begun),
        ("ggonew line", "one\nnew line\ntwo\nthree\n"),
        ("ggcwfirst", "first\ntwo\nthree\n"),
        ("ggA and more", "one and more\ntwo\nthree\n"),
    ):
        await page.keyboard.type(keys[:-3])
        # Whoever thinks while writing goes on with the same change.
        await asyncio.sleep(0.8)
        await page.keyboard.type(keys[-3:])
        await page.keyboard.press("Escape")
        await holds(editor, path, text)
        await page.keyboard.type("u")
        await holds(editor, path, begun)
        await page.keyboard.press("Control+r")
        await holds(editor, path, text)
        await page.keyboard.type("u")
        await holds(editor, path, begun)
    # Two changes are two, also right after each other.
    await page.keyboard.type("ggxjx")
    await holds(editor, path, "ne\nwo\nthree\n")
    await page.keyboard.type("u")
    await holds(editor, path, "ne\ntwo\nthree\n")
    await page.keyboard.type("u")
    await holds(editor, path, begun)

    # With the usual keys, in a text that had Vim in both halves, a pause parts what is undone.
    await page.keyboard.press("Control+\\")
    await expect(page.locator("[data-keys=vim]")).to_have_count(2)
    await page.keyboard.type(":only\n")
    await expect(owner.text(path)).to_have_count(1)
    await has_keys(owner, "usual")
    await owner.type_at_end(path, "four")
    await asyncio.sleep(0.8)
    await page.keyboard.type("five")
    await holds(editor, path, begun + "fourfive")
    await page.keyboard.press("Control+z")
    await holds(editor, path, begun + "four")


async def test_escape_is_vims_also_over_grey_text(site: Server, people: People, model: ModelServer) -> None:
    path = "editing/vim-grey.md"
    await new_document(site, path, "")
    owner = await people.owner(LAPTOP)
    await owner.open(path)
    await owner.wants_completions()
    await owner.text(path).focus()
    await has_keys(owner, "vim")
    await owner.page.keyboard.type("i")
    model.enqueue(Script(answer="on Tuesday."))
    await owner.page.keyboard.insert_text("The meeting was ")
    await expect(owner.page.locator(".ghost")).to_have_text("on Tuesday.")
    await owner.page.keyboard.press("Escape")
    await expect(owner.page.locator(".editor-mode")).to_have_text("Vim: normal")
    await expect(owner.page.locator(".ghost")).to_have_count(0)
    model.enqueue(Script(answer="on Tuesday."))
    await owner.page.keyboard.type("A")
    await owner.page.keyboard.insert_text("held ")
    await expect(owner.page.locator(".ghost")).to_have_text("on Tuesday.")
    await owner.page.keyboard.press("Tab")
    await holds(owner, path, "The meeting was held on Tuesday.")
    await owner.page.keyboard.press("Escape")
    await has_keys(owner, "usual")


async def test_a_viewer_changes_nothing_with_the_keys_of_vim_or_emacs(site: Server, people: People) -> None:
    path = "editing/vim-read.txt"
    await new_document(site, path, "one\ntwo\n")
    viewer = await people.guest("viewer", "Vera", LAPTOP)
    await viewer.open(path)
    await viewer.text(path).focus()
    await has_keys(viewer, "vim")
    await viewer.page.keyboard.type("ggddxp>>ihello")
    await viewer.page.keyboard.press("Escape")
    await has_keys(viewer, "emacs")
    await viewer.page.keyboard.press("Control+k")
    await viewer.page.keyboard.press("Control+y")
    await viewer.page.keyboard.press("Control+t")
    await holds(viewer, path, "one\ntwo\n")
    await expect(viewer.state).to_have_text("Read-only")
    assert await file_text(site, path) == "one\ntwo\n"


async def test_emacs_moves_kills_yanks_and_takes_back_only_ones_own(site: Server, people: People) -> None:
    path = "editing/emacs.txt"
    owner, editor = await two_in(site, people, path, "emacs")
    page = owner.page
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("Control+k")
    await page.keyboard.press("Control+k")
    await holds(editor, path, "two\nthree\n")
    await page.keyboard.press("Control+n")
    await page.keyboard.press("Control+y")
    await holds(editor, path, "two\none\nthree\n")
    await editor.type_at_end(path, "four")
    await holds(owner, path, "two\none\nthree\nfour")
    await page.keyboard.press("Control+/")
    await holds(editor, path, "two\nthree\nfour")
    await page.keyboard.press("Control+/")
    await page.keyboard.press("Control+/")
    await page.keyboard.press("Control+/")
    await holds(editor, path, "one\ntwo\nthree\nfour")
    await page.keyboard.press("Control+e")
    await page.keyboard.press("Enter")
    await page.keyboard.type("and")
    await eventually(lambda: owner.text(path).evaluate(READ), lambda found: "\nand" in found)
    await page.keyboard.press("Alt+x")
    await expect(page.get_by_role("combobox", name="All commands")).to_be_focused()
    await page.keyboard.press("Escape")
    await has_keys(owner, "usual")


# ---- what an editor can


async def test_undo_takes_back_ones_own_edits_alone(site: Server, people: People) -> None:
    path = "editing/undo.txt"
    await new_document(site, path, "middle\n")
    owner, editor = await people.owner(LAPTOP), await people.guest("editor", "Edda", LAPTOP)
    for tab in (owner, editor):
        await tab.open(path)
    await owner.text(path).focus()
    await owner.page.keyboard.press("Control+Home")
    await owner.page.keyboard.type("owner ")
    await holds(editor, path, "owner middle\n")
    await editor.type_at_end(path, "editor")
    await holds(owner, path, "owner middle\neditor")
    await owner.page.keyboard.press("Control+z")
    await holds(editor, path, "middle\neditor")
    await owner.page.keyboard.press("Control+z")
    await holds(owner, path, "middle\neditor")
    await editor.page.keyboard.press("Control+z")
    await holds(owner, path, "middle\n")
    await owner.page.keyboard.press("Control+y")
    await holds(editor, path, "owner middle\n")


async def test_find_lines_folds_cursors_and_comments(site: Server, people: People) -> None:
    path = "editing/able.py"
    text = "def one():\n    red = 1\n    return red\n\n\ndef two():\n    return (red)\n"
    await new_document(site, path, text)
    owner = await people.owner(LAPTOP)
    page = owner.page
    await owner.open(path)
    content = owner.text(path)
    await content.focus()

    # Find and replace.
    await page.keyboard.press("Control+f")
    await page.get_by_role("textbox", name="Find").press_sequentially("red")
    await expect(page.locator(".cm-searchMatch")).to_have_count(3)
    await page.get_by_role("textbox", name="Replace").press_sequentially("blue")
    await page.get_by_role("button", name="Replace all").click()
    await holds(owner, path, text.replace("red", "blue"))
    await page.keyboard.press("Escape")
    await content.focus()
    await page.keyboard.press("Control+z")
    await holds(owner, path, text)

    # To a line, by its key and by its name.
    await page.keyboard.press("Control+Alt+g")
    await page.keyboard.type("6")
    await page.keyboard.press("Enter")
    await expect(page.locator(".cm-activeLine")).to_have_text("def two():")
    await do(owner, "go to a line", "Go to a line")
    await expect(page.locator(".cm-goto-line input")).to_be_focused()
    await page.keyboard.type("3")
    await page.keyboard.press("Enter")
    await expect(page.locator(".cm-activeLine")).to_have_text("    return red")

    # Folding.
    await page.keyboard.press("Control+Alt+[")
    await expect(page.locator(".cm-foldPlaceholder")).to_have_count(2)
    await do(owner, "unfold all", "Unfold all")
    await expect(page.locator(".cm-foldPlaceholder")).to_have_count(0)

    # Brackets.
    await page.keyboard.press("Control+End")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("End")
    await expect(page.locator(".cm-matchingBracket")).to_have_count(2)

    # Several cursors: below, at what is alike, and where one clicks.
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("Control+Alt+ArrowDown")
    await expect(page.locator(".cm-cursor")).to_have_count(2)
    await page.keyboard.type("#")
    await holds(owner, path, "#def one():\n#    red = 1\n" + text.split("\n", 2)[2])
    await page.keyboard.press("Control+z")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+Home")
    for key in ("ArrowDown", "Home", *["Control+d"] * 3):
        await page.keyboard.press(key)
    await page.keyboard.type("green")
    await holds(owner, path, text.replace("red", "green"))
    await page.keyboard.press("Control+z")
    await page.keyboard.press("Escape")
    await page.locator(".cm-line", has_text="def one").click(position={"x": 12, "y": 8})
    await page.locator(".cm-line", has_text="def two").click(position={"x": 12, "y": 8}, modifiers=["Alt"])
    await expect(page.locator(".cm-cursor")).to_have_count(2)
    await page.keyboard.press("Escape")

    # Comments, and lines that move.
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("Control+/")
    await holds(owner, path, "# " + text)
    await page.keyboard.press("Control+/")
    await page.keyboard.press("Alt+ArrowDown")
    lines = text.split("\n")
    await holds(owner, path, "\n".join([lines[1], lines[0], *lines[2:]]))
    await page.keyboard.press("Alt+ArrowUp")
    await holds(owner, path, text)


async def test_long_lines_wrap_or_run_on_as_one_likes(site: Server, people: People) -> None:
    await new_document(site, "editing/long.py", "x = 1  # " + "word " * 200 + "\n")
    await new_document(site, "editing/long.md", "word " * 200 + "\n")
    owner = await people.owner(LAPTOP)
    page = owner.page
    wraps = page.locator(".cm-content.cm-lineWrapping")
    await owner.open("editing/long.py")
    await expect(wraps).to_have_count(0)
    await owner.text("editing/long.py").focus()
    await page.keyboard.press("Alt+z")
    await expect(wraps).to_have_count(1)
    await page.reload()
    await expect(wraps).to_have_count(1)
    await owner.open("editing/long.md")
    await expect(wraps).to_have_count(1)
    await do(owner, "wrap", "Wrap long lines")
    await expect(wraps).to_have_count(0)
    await do(owner, "wrap", "Wrap long lines")
    await owner.open("editing/long.py")
    await do(owner, "wrap", "Wrap long lines")
    await expect(wraps).to_have_count(0)


async def test_words_and_grey_text_do_not_fight_over_tab(site: Server, people: People, model: ModelServer) -> None:
    path = "editing/words.txt"
    await new_document(site, path, "extraordinary\n")
    owner = await people.owner(LAPTOP)
    await owner.open(path)
    await owner.wants_completions()
    page = owner.page
    # A list of words is open: no grey text comes over it, Enter takes the word, and Tab only indents.
    await owner.type_at_end(path, "")
    await page.keyboard.type("extr")
    await expect(page.locator(".cm-tooltip-autocomplete")).to_be_visible()
    await expect(page.locator(".ghost")).to_have_count(0)
    await asyncio.sleep(0.2)  # a list that has just opened does not take the key of whoever types on
    await page.keyboard.press("Enter")
    await holds(owner, path, "extraordinary\nextraordinary")
    # Grey text is there: the list stays away, and Tab takes the grey text.
    model.enqueue(Script(answer="thing"))
    await page.keyboard.insert_text(" ")
    await expect(page.locator(".ghost")).to_have_text("thing")
    await expect(page.locator(".cm-tooltip-autocomplete")).to_have_count(0)
    await page.keyboard.press("Tab")
    await holds(owner, path, "extraordinary\nextraordinary thing")
