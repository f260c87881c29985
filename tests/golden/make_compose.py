"""compose.txt: every letter that Unicode composes of a letter and a mark, and some words, in the
forms NFC and NFD, a pair a line. Python's unicodedata is whom base/text/compose.c is checked against.

    python3 tests/golden/make_compose.py >tests/golden/compose.txt
"""
import sys
import unicodedata

words = ["tür", "über", "naïve", "señor", "český", "Ångström", "việt", "nghệ", "ёлка", "йод", "παράδειγμα", "plain"]
letters = [chr(c) for c in range(0xC0, 0x2000)
           if len(unicodedata.normalize("NFD", chr(c))) > 1 and unicodedata.normalize("NFC", chr(c)) == chr(c)
           and all(0x300 <= ord(m) <= 0x36F for m in unicodedata.normalize("NFD", chr(c))[1:])]
for text in words + letters:
    pair = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    sys.stdout.buffer.write(("\t".join(pair) + "\n").encode("utf-8"))
