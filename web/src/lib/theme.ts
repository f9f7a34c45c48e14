// Light, dark, high contrast: the person's choice, applied to <html>.
// Names the original client stored (Corporate, Nord, Emerald) count as light.

import { useSyncExternalStore } from 'react'
import { runtimeConfig } from '~/config/runtime'
import { isHexColor, mix, needsBorder, textOn } from '~/lib/color'
import { onSetting, readSetting, saveSetting } from '~/lib/settings'

export const THEMES = ['system', 'light', 'dark', 'contrast'] as const
export type Theme = (typeof THEMES)[number]

const DEFAULT_BRAND = '#1857b0'

function stored(): Theme {
  const value = readSetting('theme')
  if (THEMES.includes(value as Theme)) return value as Theme
  return value ? 'light' : 'system'
}

let theme: Theme = 'system'

function apply(): void {
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  const more = theme === 'contrast' || matchMedia('(prefers-contrast: more)').matches
  const root = document.documentElement
  root.dataset.theme = dark ? 'dark' : 'light'
  if (more) root.dataset.contrast = 'more'
  else delete root.dataset.contrast

  const { color, colorDark } = runtimeConfig.branding
  const wanted = (dark ? (colorDark ?? color) : color) ?? DEFAULT_BRAND
  const brand = isHexColor(wanted) ? wanted : DEFAULT_BRAND
  const text = textOn(brand)
  const hover = mix(brand, text, 0.12)
  root.style.setProperty('--co-brand', brand)
  root.style.setProperty('--co-on-brand', text)
  root.style.setProperty('--co-brand-hover', textOn(hover) === text ? hover : brand)
  if (!more) {
    const border = needsBorder(brand, dark ? '#1a2027' : '#ffffff') ? 'var(--co-border-control)' : 'transparent'
    root.style.setProperty('--co-brand-border', border)
  } else {
    root.style.removeProperty('--co-brand-border')
  }
}

/** Applies the kept choice and follows the device while it says so. Call before the first render. */
export function startTheme(): void {
  const follow = () => {
    theme = stored()
    apply()
  }
  follow()
  onSetting((key) => key === 'theme' && follow())
  for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)']) {
    matchMedia(query).addEventListener('change', apply)
  }
}

export const setTheme = (next: Theme): void => void saveSetting('theme', next)

export const useTheme = (): Theme => useSyncExternalStore(onSetting, stored)
