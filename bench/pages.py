"""Twenty documents of different origin, for the likeness of their first pages.

The rule of the choice, made before the first score: what residents send comes from browsers, office programs and form fillers, cameras and scanners, typesetters
and reports of programs. Each origin has at least two documents; a quarter comes from packages of Debian, one document of each package. The five of reportlab
name the standard fonts and embed nothing, two of the packages' embed all fonts but one; the other thirteen bring their fonts along or need none.
"""
import glob
import gzip
import os
import random
import shutil
import subprocess

import img2pdf
import matplotlib
import numpy as np
import typst
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape, letter
from reportlab.pdfgen import canvas

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402 – the drawing surface has to be named first

# One document of each package: a manual by groff, one by an XSL processor, a form to fill in, a guide by TeX with drawings, an examination by TeX.
PACKAGES = {
    "bash-doc": "usr/share/doc/bash/bash.pdf",
    "bzip2-doc": "usr/share/doc/bzip2/manual.pdf.gz",
    "cups-filters": "usr/share/cups/data/form_english.pdf",
    "graphviz-doc": "usr/share/doc/graphviz/pdf/dotguide.pdf.gz",
    "auto-multiple-choice-doc-pdf": "usr/share/doc/auto-multiple-choice/latex/sample-plain.pdf",
}
WORDS = ["permit", "Straße", "water", "request", "42.50", "Elmwood", "café", "file", "the", "of", "street light", "please", "2026-11-28", "broken", "since"]
DEJAVU = os.path.join(matplotlib.get_data_path(), "fonts/ttf/DejaVuS")


def words(choice, count):
    return " ".join(choice.choice(WORDS) for _ in range(count))


def standard_fonts(number, pages=1):
    """Text in several standard fonts, tables, curves, pictures, colours; nothing is embedded."""
    choice = random.Random(number)
    size = choice.choice([A4, letter, landscape(A4), (300, 600), (1200, 400)])
    name = f"reportlab{number}-{pages}.pdf"
    page = canvas.Canvas(name, pagesize=size)
    for _ in range(pages):
        width, height = size
        y = height - 40
        for line in range(int((height - 80) / 14)):
            page.setFont(choice.choice(["Helvetica", "Times-Roman", "Courier", "Helvetica-Bold", "Times-Italic"]), choice.choice([8, 10, 11, 12]))
            page.setFillColor(choice.choice([colors.black, colors.darkblue, colors.grey]))
            if number % 4 != 3 or line % 3:
                page.drawString(40, y, words(choice, 9))
            y -= 14
        for _ in range(number % 5):
            page.setFillColor(colors.Color(choice.random(), choice.random(), choice.random(), alpha=0.5))
            page.circle(choice.uniform(0, width), choice.uniform(0, height), choice.uniform(20, 90), fill=1, stroke=choice.choice([0, 1]))
        if number % 3 == 0:
            page.setStrokeColor(colors.red)
            page.setLineWidth(2)
            page.bezier(10, 10, width / 3, height, width / 2, 0, width - 10, height - 10)
            page.grid([40, 100, 160, 220], [60, 80, 100, 120])
        if number % 2 == 0:
            page.linearGradient(width * 0.6, 40, width * 0.9, 140, (colors.yellow, colors.green), extend=False)
            picture = Image.fromarray(np.random.default_rng(number).integers(0, 255, (150, 200, 3), dtype=np.uint8))
            picture.save("inside.jpg")
            page.drawImage("inside.jpg", width * 0.3, height * 0.3, 150, 110)
        page.showPage()
    page.save()
    return name


def letter_with_fonts(number):
    """A letter with a table, in TrueType fonts that the document brings along."""
    choice = random.Random(number)
    page = FPDF(format="A4" if number % 2 else "Letter")
    page.add_page()
    for style, file in (("", "ans.ttf"), ("B", "ans-Bold.ttf")):
        page.add_font("DejaVu", style, DEJAVU + file)
    page.set_font("DejaVu", "B", 16)
    page.cell(0, 12, "Application for a permit", new_x="LMARGIN", new_y="NEXT")
    page.set_font("DejaVu", "", 10)
    for _ in range(4 + number):
        page.multi_cell(0, 5, words(choice, 60), new_x="LMARGIN", new_y="NEXT")
        page.ln(3)
    with page.table() as table:
        for line in range(8):
            row = table.row()
            for cell in (f"{line + 1}", words(choice, 3), f"{choice.uniform(1, 900):.2f} €"):
                row.cell(cell)
    name = f"letter{number}.pdf"
    page.output(name)
    return name


def browser_print(number):
    """A page as a browser prints it."""
    choice = random.Random(number)
    rows = "".join(f"<tr><td>{line}<td>{words(choice, 4)}<td>{choice.randint(1, 500)}" for line in range(12))
    style = "columns: 2; font: 11pt serif" if number % 2 else "font: 9pt sans-serif"
    with open("print.html", "w", encoding="utf-8") as page:
        page.write(f"""<!doctype html><meta charset=utf-8><style>body {{ {style} }} td {{ border: 1px solid #888; padding: 2px 8px }} table {{ border-collapse: collapse }}
            h1 {{ color: #123a6b; border-bottom: 3px solid }} .box {{ background: linear-gradient(90deg, #fd8, #8df); border-radius: 8px; padding: 1em }}</style>
            <h1>Notice {number}</h1><p>{words(choice, 150)}<div class=box>{words(choice, 40)}</div><p>{words(choice, 90)}<table>{rows}</table><p>{words(choice, 120)}""")
    name = f"print{number}.pdf"
    subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={os.getcwd()}/browser", "--no-pdf-header-footer", f"--print-to-pdf={name}", "print.html"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return name


def typeset(number):
    """A page of a typesetter: justified text, formulas, a list; or a flyer on coloured ground."""
    choice = random.Random(number)
    if number % 2:
        text = f"""#set page("a4", columns: 2)\n#set par(justify: true)\n#set text(10pt)\n= Report on the water\n{words(choice, 160)}
            $ integral_0^oo e^(-x^2) dif x = sqrt(pi) / 2 $\n{words(choice, 120)}\n#table(columns: 3, [a], [b], [c], [1], [2], [3])\n+ {words(choice, 30)}\n+ {words(choice, 40)}\n{words(choice, 200)}"""
    else:
        text = f"""#set page("a5", fill: rgb("#eef3da"))\n#set text(13pt, font: "New Computer Modern")\n#align(center, text(28pt, weight: "bold")[Street festival])
            #rect(fill: blue.lighten(60%), width: 100%, inset: 12pt)[{words(choice, 40)}]\n#circle(radius: 2cm, fill: gradient.radial(yellow, red))\n{words(choice, 90)}"""
    with open("page.typ", "w", encoding="utf-8") as page:
        page.write(text)
    name = f"typeset{number}.pdf"
    typst.compile("page.typ", output=name)
    return name


def figure(number):
    """A chart by a program, its letters as Type 3 procedures or as TrueType."""
    random_ = np.random.default_rng(number)
    pyplot.rcParams["pdf.fonttype"] = 3 if number % 2 else 42
    drawing, (left, right) = pyplot.subplots(1, 2, figsize=(8, 5))
    left.plot(random_.normal(0, 1, (60, 3)).cumsum(axis=0), label=["north", "centre", "south"])
    left.legend()
    left.grid(True)
    right.bar(range(8), random_.uniform(1, 9, 8), color="tab:orange")
    right.set_title("Requests a month")
    drawing.suptitle(f"Figures {number}")
    name = f"figure{number}.pdf"
    drawing.savefig(name)
    pyplot.close(drawing)
    return name


def scan(number):
    """A scanned page: a picture with soft letters, paper and noise; the second lies on its side and is turned by the document."""
    choice, random_ = random.Random(number), np.random.default_rng(number)
    page = Image.new("L", (1654, 2339), 244)
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(DEJAVU + "erif.ttf", 30)
    for line in range(44):
        pen.text((150, 180 + line * 46), words(choice, 10), 30, font)
    page = page.filter(ImageFilter.GaussianBlur(1.2)).rotate(0.7, Image.BICUBIC, fillcolor=244)
    page = Image.fromarray((np.asarray(page).astype(float) + random_.normal(0, 5, page.size[::-1])).clip(0, 255).astype(np.uint8))
    turned = number % 2 == 1
    (page.rotate(90, expand=True) if turned else page).save("scan.jpg", quality=75, dpi=(200, 200))
    name = f"scan{number}.pdf"
    with open(name, "wb") as file:
        file.write(img2pdf.convert("scan.jpg", rotation=img2pdf.Rotation["90"] if turned else img2pdf.Rotation["0"]))
    return name


def packaged(package, path):
    """The document of a package, which is fetched and not installed."""
    subprocess.run(["apt-get", "download", "-qq", package], check=True, stderr=subprocess.DEVNULL)
    folder, name = f"package-{package}", f"{package}.pdf"
    subprocess.run(["dpkg", "-x", glob.glob(f"{package}_*.deb")[0], folder], check=True)
    opened = gzip.open if path.endswith(".gz") else open
    with opened(os.path.join(folder, path), "rb") as source, open(name, "wb") as target:
        shutil.copyfileobj(source, target)
    return name


def documents():
    """Writes the twenty into the current folder; their names."""
    generated = [standard_fonts(number) for number in range(5)]
    for kind, first in ((letter_with_fonts, 0), (browser_print, 0), (typeset, 0), (figure, 0), (scan, 0)):
        generated += [kind(first), kind(first + 1)]
    return generated + [packaged(package, path) for package, path in PACKAGES.items()]
