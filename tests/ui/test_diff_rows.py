from rich.cells import cell_len

from mission_tui.ui.widgets.diff_rows import DiffLines, file_diffs, totals

DIFF = """diff --git a/app/views.py b/app/views.py
index 1111111..2222222 100644
--- a/app/views.py
+++ b/app/views.py
@@ -3,4 +3,5 @@ def index():
 def index():
-    return "old"
+    return "new"
+    # --- a/not-a-header

@@ -40 +41 @@
--- dashes
+++ pluses
diff --git a/old.txt b/new name.txt
similarity index 100%
rename from old.txt
rename to new name.txt
diff --git a/picture.png b/picture.png
new file mode 100644
index 0000000..3333333
Binary files /dev/null and b/picture.png differ
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-last words
"""


def test_files_of_a_diff_are_told_apart_with_what_changed_in_each():
    files = file_diffs(DIFF)
    assert [(f.path, f.remark, f.added, f.removed) for f in files] == [
        ("app/views.py", "", 3, 2),
        ("new name.txt", "renamed from old.txt", 0, 0),
        ("picture.png", "new", 0, 0),
        ("gone.txt", "deleted", 0, 1),
    ]
    assert "".join(text for text, _ in totals(files)) == "+3 -3 in 4 files"
    assert file_diffs("") == []


def test_hunks_carry_line_numbers_of_the_side_they_stand_on():
    rows = ["".join(text for text, _ in row.line) for row in DiffLines(60).rows(file_diffs(DIFF)[:1])]
    assert rows[0].startswith("▾ app/views.py") and rows[0].endswith("+3      -2")
    assert rows[1:5] == [
        "       ⋯ def index():",
        "    3  def index():",
        '    4 -    return "old"',
        '    4 +    return "new"',
    ]
    assert "   40 --- dashes" in rows and "   41 +++ pluses" in rows


def test_a_folded_file_is_one_line_and_hostile_lines_stay_in_their_columns():
    hostile = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n+\x1b[31m[bold]日本\t" + "界" * 200 + "\r\u202e\n"
    (file,) = file_diffs(hostile)
    assert len(DiffLines(40).rows([file], frozenset())) == 1
    rows = DiffLines(40).rows([file])
    assert all(sum(cell_len(text) for text, _ in row.line) <= 40 for row in rows)
    text = "".join(text for row in rows for text, _ in row.line)
    assert "\x1b" not in text and "\u202e" not in text and "[bold]日本" in text
