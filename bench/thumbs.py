"""Measures what bench/thumbs.sh says. Usage: thumbs.py BINARY FOLDER PHOTOS"""
import os
import resource
import subprocess
import sys

import numpy as np
import pages
from PIL import Image, ImageFilter

BINARY, FOLDER, PHOTOS = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.chdir(FOLDER)


def cost(*commands):
    """User and system seconds, and the largest resident size in MB, of these commands one after the other."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for command in commands:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writer, f"{used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}".encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    seconds, size = os.read(reader, 100).split()
    os.close(reader)
    return float(seconds), float(size)


def photo(number):
    """Something like a photo: large shapes, edges, fine noise."""
    random_ = np.random.default_rng(number)
    base = Image.fromarray(random_.integers(0, 255, (12, 16, 3), dtype=np.uint8)).resize((4000, 3000), Image.BICUBIC)
    edges = Image.fromarray(random_.integers(0, 255, (300, 400, 3), dtype=np.uint8)).filter(ImageFilter.GaussianBlur(2)).resize((4000, 3000), Image.BICUBIC)
    picture = np.asarray(Image.blend(base, edges, 0.35)).astype(np.int16) + random_.normal(0, 6, (3000, 4000, 1)).astype(np.int16)
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(f"photo{number}.jpg", quality=90)


def ssim(left, right):
    """Structural similarity of two grey pictures, Gaussian window of 1.5 pixels, as in the paper."""
    def blur(values):
        kernel = np.exp(-np.arange(-5, 6) ** 2 / 4.5)
        kernel /= kernel.sum()
        values = np.apply_along_axis(lambda row: np.convolve(row, kernel, "valid"), 1, values)
        return np.apply_along_axis(lambda row: np.convolve(row, kernel, "valid"), 0, values)
    x, y = left.astype(float), right.astype(float)
    mx, my = blur(x), blur(y)
    xx, yy, xy = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    a, b = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((((2 * mx * my + a) * (2 * xy + b)) / ((mx * mx + my * my + a) * (xx + yy + b))).mean())


ok = True


def line(what, value, bound, good):
    global ok
    ok &= good
    print(f"{'ok  ' if good else 'FAIL'} {what:<58} {value:>22}   bound {bound}")


ours = theirs = single = 0.0
largest = 0.0
idle = cost([BINARY, "--version"])[1]
for number in range(PHOTOS):
    photo(number)
    name = f"photo{number}.jpg"
    seconds, size = cost([BINARY, "files", "preview", name])
    ours += seconds
    largest = max(largest, size)
    calls = [["vipsthumbnail", name, "-s", f"{side}x{side}", "-o", f"v{side}.jpg[Q={quality},optimize_coding,strip]"] for side, quality in ((150, 80), (400, 85), (800, 90))]
    theirs += cost(*calls)[0]
    single += cost(calls[2])[0]
print(f"     12-megapixel photos, seconds of processor each: ours {ours / PHOTOS:.3f}, vipsthumbnail three times {theirs / PHOTOS:.3f}, once (800) {single / PHOTOS:.3f}")
line("three thumbnails against three vipsthumbnail calls", f"{ours / theirs:.2f} of theirs", "<= 1", ours <= theirs)
print(f"     ratio to a pipeline that decodes once: {ours / single:.2f} of one vipsthumbnail call")
line("memory beyond an idle process", f"{largest - idle:.0f} MB", "< 60 MB", largest - idle < 60)

ten = pages.standard_fonts(1, 10)
times = [[], []]
for _ in range(5):
    times[0].append(cost([BINARY, "files", "preview", ten])[0])
    times[1].append(cost(["pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-singlefile", "-png", ten, "p"],
                         *[["vipsthumbnail", "p.png", "-s", f"{side}x{side}", "-o", f"p{side}.jpg[Q={quality}]"] for side, quality in ((150, 80), (400, 85), (800, 90))])[0])
mine, other = (sum(values) / 5 for values in times)
line("first page of a ten-page document", f"{mine:.3f} s of {other:.3f} s", "<= pdftoppm + resize", mine <= other)

scores = []
for name in pages.documents():
    subprocess.run([BINARY, "files", "preview", name], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-singlefile", "-png", name, "p"], check=True)
    mine = Image.open("thumb-large.jpg").convert("L")
    page = Image.open("p.png").convert("L")
    page.thumbnail((800, 800), Image.LANCZOS)
    boxed = Image.new("L", (800, 800), 255)
    boxed.paste(page, ((800 - page.width) // 2, (800 - page.height) // 2))
    # Only the page counts, not the bars around it.
    box = ((800 - page.width) // 2, (800 - page.height) // 2, (800 + page.width) // 2, (800 + page.height) // 2)
    pixels = np.asarray(mine.crop(box))
    scores.append(0.0 if pixels.min() > 250 else ssim(pixels, np.asarray(boxed.crop(box))))
    print(f"     {name:<32} {scores[-1]:.3f}")
scores.sort()
line("SSIM to pdftoppm, third lowest of 20", f"{scores[2]:.3f}", ">= 0.95", scores[2] >= 0.95)
line("SSIM to pdftoppm, lowest of 20", f"{scores[0]:.3f}", ">= 0.85", scores[0] >= 0.85)
print(f"     SSIM to pdftoppm, median of 20: {np.median(scores):.3f}")
sys.exit(0 if ok else 1)
