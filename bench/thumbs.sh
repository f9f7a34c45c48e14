#!/usr/bin/env bash
# Processor time and memory of three thumbnails of a 12-megapixel photo against three calls of vipsthumbnail, and of the first page of a ten-page document
# against pdftoppm; likeness (SSIM) of first pages to pdftoppm's. Photos are generated, documents too (bench/pages.py) but for five, which are fetched from
# Debian's packages.
#
# BINARY=dist/civic-os   PHOTOS=20   needs vipsthumbnail (libvips-tools), pdftoppm (poppler-utils), fonts-urw-base35, chromium, apt-get, python3 with venv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
BINARY="$(realpath "${BINARY:-dist/civic-os}")"
PHOTOS="${PHOTOS:-20}"
for tool in vipsthumbnail pdftoppm python3 apt-get chromium; do
  command -v "$tool" >/dev/null || { echo "bench: $tool is missing" >&2; exit 1; }
done
# Documents name the standard fonts; pdftoppm draws them only where they are, and something else otherwise.
fc-match Times-Roman | grep -q Nimbus || { echo "bench: the standard fonts are missing (fonts-urw-base35)" >&2; exit 1; }
venv="$PWD/.dev/venv-thumbs"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check 'pillow==11.*' 'numpy==2.*' 'reportlab==4.*' 'fpdf2==2.*' 'img2pdf==0.6.*' 'matplotlib==3.*' 'typst==0.*'
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
"$venv/bin/python" bench/thumbs.py "$BINARY" "$work" "$PHOTOS"
