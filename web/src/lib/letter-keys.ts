// Single characters as keys, such as `e` for edit (WCAG 2.1.4): never while somebody types or a dialog is
// open, and not for who switched them off.

import { readSetting } from '~/lib/settings'

const FIELDS = 'input, select, textarea, [contenteditable], [role=combobox], [role=menu], [role=listbox]'

/** Nobody is typing or choosing, and nothing lies over the page. */
export function isFree(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null
  return !event.defaultPrevented && !target?.closest(FIELDS) && !document.querySelector('dialog[open]')
}

/** The character, where it may act alone; else null. */
export function letterKey(event: KeyboardEvent): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return null
  return isFree(event) && readSetting('letterKeys') !== 'false' ? event.key : null
}
