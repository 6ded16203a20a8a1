r"""How texts that others wrote are shown: whatever cannot be seen in them as an escape, so that none moves a cursor, turns a line around or begins a new one.

In: a text. Out: the same text for a terminal, a page or a log line, with JSON's escapes (a terminal's escape is `\u001b`): within a JSON document they
mean the same, so that a payload shown so may be mended and sent. Not here: what is refused when it comes in.
"""

import json


def visible(text: str) -> str:
    """`text` on one line: controls, line ends, marks of direction, zero-width and unusual spaces, halves of surrogate pairs as escapes."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def visible_lines(text: str) -> list[str]:
    """The lines of a text that may have some, such as a payload, whichever way they end; tabs are left as they are."""
    return ["\t".join(map(visible, line.split("\t"))) for line in text.replace("\r\n", "\n").split("\n")]


def quoted(text: str) -> str:
    """`text` between quotation marks, which it cannot end itself: what stands in a sentence of ours."""
    return "“" + visible(text).replace("”", "\\u201d") + "”"
