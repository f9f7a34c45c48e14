import { expect, it } from 'vitest'
import { contrast, mix, needsBorder, textOn } from './color'

it('text on any colour reads at 4.5:1 or better', () => {
  let worst = 21
  for (let r = 0; r < 256; r += 15) {
    for (let g = 0; g < 256; g += 15) {
      for (let b = 0; b < 256; b += 15) {
        const fill = `#${[r, g, b].map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
        worst = Math.min(worst, contrast(fill, textOn(fill)))
      }
    }
  }
  expect(worst).toBeGreaterThan(4.5)
})

it('knows the textbook values', () => {
  expect(contrast('#ffffff', '#000000')).toBeCloseTo(21)
  expect(textOn('#ffff00')).toBe('#000000')
  expect(textOn('#1857b0')).toBe('#ffffff')
  expect(needsBorder('#ffff00', '#ffffff')).toBe(true)
  expect(mix('#000000', '#ffffff', 0.5)).toBe('#808080')
})
