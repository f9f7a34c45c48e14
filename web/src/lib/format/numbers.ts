// Numbers, money, phone numbers, file sizes between wire, controls and eyes. Pure; tests beside it.

import { currentLocale } from '~/lib/i18n/t'

/** Four-digit numbers (years) stay ungrouped: 2025, but 12,500. */
export function showNumber(value: number | string, locale = currentLocale()): string {
  const number = typeof value === 'number' ? value : Number(value)
  if (!Number.isFinite(number)) return String(value)
  // Beyond what a double holds exactly the digits are shown as they came.
  if (typeof value === 'string' && !Number.isSafeInteger(Math.trunc(number))) return value
  return new Intl.NumberFormat(locale, { useGrouping: 'min2', maximumFractionDigits: 10 }).format(number)
}

const commas = new Map<string, boolean>()

/** Whether the locale writes 1,5; found out once, because files ask for every cell. */
function decimalComma(locale: string): boolean {
  let comma = commas.get(locale)
  if (comma === undefined) {
    comma = new Intl.NumberFormat(locale).format(1.5).includes(',')
    commas.set(locale, comma)
  }
  return comma
}

/** Removes grouping and writes the decimal point, by the habits of the locale. */
function plainDigits(input: string, locale: string): string {
  const bare = input.replace(/[\s_'’]/g, '').replace('−', '-')
  if (!decimalComma(locale)) return bare.replaceAll(',', '')
  // Points group thousands; a single one that cannot group is taken for a decimal point.
  if (bare.includes(',') || /^\D*\d{1,3}(\.\d{3})+\D*$/.test(bare)) return bare.replaceAll('.', '').replace(',', '.')
  return bare
}

/** The text of a number from the API for an input of the locale. */
export const numberToInput = (wire: string | number, locale = currentLocale()): string =>
  decimalComma(locale) ? String(wire).replace('.', ',') : String(wire)

/** A typed number as it goes to the API: exact text, without grouping. Null when it is no number. */
export function readNumber(input: string, locale = currentLocale()): string | null {
  const plain = plainDigits(input, locale)
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? plain.replace(/^\+/, '') : null
}

/** A typed amount, "$1,234.5" or "1234.50"; null when it is none. */
export function readMoney(input: string, locale = currentLocale()): string | null {
  const trimmed = input.trim().replace('−', '-')
  const negative = /^\(.*\)$/.test(trimmed) || trimmed.includes('-')
  const digits = plainDigits(trimmed.replace(/[()$€£-]/g, ''), locale)
  if (!/^(\d+(\.\d*)?|\.\d+)$/.test(digits)) return null
  return `${negative ? '-' : ''}${digits.replace(/\.$/, '')}`
}

/** Text for an amount's input from the server's `$1,234.50`. */
export const moneyToInput = (wire: string | number, locale = currentLocale()): string =>
  numberToInput(readMoney(String(wire), 'en-US') ?? '', locale)

/** The amount as it is shown: the server's text, or dollars when a bare number comes. */
export function showMoney(wire: string | number): string {
  if (typeof wire === 'string' && !/^-?\d+(\.\d+)?$/.test(wire)) return wire
  return new Intl.NumberFormat(currentLocale(), { style: 'currency', currency: 'USD' }).format(Number(wire))
}

export function showPhone(wire: string): string {
  const match = /^(\d{3})(\d{3})(\d{4})$/.exec(wire)
  return match ? `(${match[1]}) ${match[2]}-${match[3]}` : wire
}

/** Digits of a typed phone number; a leading country code 1 is dropped. */
export function readPhone(input: string): string {
  const digits = input.replace(/\D/g, '')
  return digits.length === 11 && digits.startsWith('1') ? digits.slice(1) : digits
}

export function showFileSize(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB']
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`
}

export interface Point {
  lat: number
  lng: number
}

/** Reads WKT or EWKT `POINT(lng lat)`. */
export function readPoint(wire: string): Point | null {
  const match = /^(?:SRID=\d+;)?\s*POINT\s*\(\s*(-?[\d.]+(?:e-?\d+)?)\s+(-?[\d.]+(?:e-?\d+)?)\s*\)$/i.exec(wire.trim())
  return match ? { lng: Number(match[1]), lat: Number(match[2]) } : null
}

export const pointToWire = ({ lat, lng }: Point): string => `SRID=4326;POINT(${lng} ${lat})`
