#!/usr/bin/env python3
"""check_pages.py FILE... - the pages are well-formed XML (so are the pictures in them), refer to nothing outside, hold no
script, keep every text and shape inside its picture, and have unique ids."""
import math
import re
import sys
import xml.etree.ElementTree as tree

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = {"x", "y", "cx", "cy", "r", "width", "height", "fill-opacity"}
failures = []


def fail(path, text):
    failures.append(f"{path}: {text}")


def check_numbers(path, element, width, height):
    for name in NUMBERS & set(element.keys()):
        if not math.isfinite(float(element.get(name))):
            fail(path, f"{name}={element.get(name)}")
    for name, limit in (("x", width), ("cx", width), ("y", height), ("cy", height)):
        if name in element.keys() and not -0.5 <= float(element.get(name)) <= limit + 0.5:
            fail(path, f"{element.tag} {name}={element.get(name)} outside 0..{limit}")
    if "width" in element.keys() and element.tag == SVG + "rect":
        if float(element.get("width")) < 0 or float(element.get("x")) + float(element.get("width")) > width + 0.5:
            fail(path, f"rect of width {element.get('width')} at {element.get('x')} leaves the picture")


def check_path(path, d, width, height):
    x = y = 0.0
    for command, numbers in re.findall(r"([MLHVlhvz])([^MLHVlhvz]*)", d):
        v = [float(n) for n in numbers.split()]
        if command in "ML":
            x, y = v
        elif command in "HV":
            x, y = (v[0], y) if command == "H" else (x, v[0])
        else:
            continue
        if not (-0.5 <= x <= width + 0.5 and -0.5 <= y <= height + 0.5):
            fail(path, f"a stroke leaves the picture at {x}, {y}")


def check_text(path, element, width):
    # Half the size a character, a little less for the narrow letters of most words.
    shown = (element.text or "") + "".join(child.tail or "" for child in element)
    length = 0.45 * 13 * len(shown)
    x = float(element.get("x"))
    left = {"end": x - length, "middle": x - length / 2}.get(element.get("text-anchor"), x)
    if left < -2 or left + length > width + 2:
        fail(path, f"{shown!r} is cut: {left:.0f}..{left + length:.0f} of {width}")


def check_picture(path, svg):
    width, height = (float(v) for v in svg.get("viewBox").split()[2:])
    title = svg.find(SVG + "title")
    if title is None or not title.text:
        fail(path, "a picture without a title")
    if svg.find(SVG + "desc") is None:
        fail(path, "a picture without a description")
    for element in svg.iter():
        check_numbers(path, element, width, height)
        if element.tag == SVG + "path":
            check_path(path, element.get("d"), width, height)
        if element.tag == SVG + "text":
            check_text(path, element, width)


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as f:
        text = f.read()
    root = tree.fromstring(text.replace("<!DOCTYPE html>\n", "", 1))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    if len(ids) != len(set(ids)):
        fail(path, "two elements have one id")
    for e in root.iter():
        if e.tag.split("}")[-1] in ("script", "link", "img", "iframe", "object", "use", "image", "a", "foreignObject"):
            fail(path, f"<{e.tag}>")
        for name in e.keys():
            if name.startswith("on") or name.split("}")[-1] in ("src", "href"):
                fail(path, f"attribute {name}")
    outside = re.findall(r"(?:https?:)?//[a-z][^\s\"<]*|url\(|@import", text.replace("http://www.w3.org/2000/svg", ""))
    if outside:
        fail(path, f"refers to {outside}")
    for svg in root.iter(SVG + "svg"):
        check_picture(path, svg)

print("\n".join(failures) or f"{len(sys.argv) - 1} pages are sound")
sys.exit(1 if failures else 0)
