// Colours that come from data (organisation, statuses) are never trusted: the text on them is
// computed by contrast, and pale or dark fills get a border. Pure; tests beside it.

const HEX = /^#[0-9a-f]{6}$/i

function channels(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function luminance(hex: string): number {
  const [r, g, b] = channels(hex).map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** WCAG contrast ratio of two `#RRGGBB` colours. */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

export const isHexColor = (value: unknown): value is string => typeof value === 'string' && HEX.test(value)

/** Black or white, whichever reads better on the fill; at least 4.58:1 for every colour. */
export function textOn(fill: string): string {
  return contrast(fill, '#ffffff') >= contrast(fill, '#000000') ? '#ffffff' : '#000000'
}

/** True when the fill alone could not be told from the surface around it. */
export const needsBorder = (fill: string, surface: string): boolean => contrast(fill, surface) < 3

/** Mixes `share` (0–1) of one colour into another. */
export function mix(base: string, other: string, share: number): string {
  const [a, b] = [channels(base), channels(other)]
  const part = (index: 0 | 1 | 2) => Math.round(a[index] * (1 - share) + b[index] * share)
  return `#${([0, 1, 2] as const).map((index) => part(index).toString(16).padStart(2, '0')).join('')}`
}
