import { area } from '~/lib/i18n/area'

export const catalogues = {
  en: {
    'list.item': '{label}, entry {n}',
    'list.add': 'Add an entry',
    'list.remove': 'Remove entry {n}',
    'range.from': 'From (included)',
    'range.to': 'Up to (not included)',
    'range.check': 'Enter the two ends in order.',
    'inline.add': 'Add {name}',
    'inline.title': 'Add {name}',
    'inline.added': '“{name}” was added and chosen.',
    'filter.contains': 'Contains',
    'filter.containsText': '{label} contains “{value}”',
  },
  es: {
    'list.item': '{label}, entrada {n}',
    'list.add': 'Añadir una entrada',
    'list.remove': 'Quitar la entrada {n}',
    'range.from': 'Desde (incluido)',
    'range.to': 'Hasta (sin incluir)',
    'range.check': 'Escriba los dos extremos en orden.',
    'inline.add': 'Añadir {name}',
    'inline.title': 'Añadir {name}',
    'inline.added': '«{name}» se añadió y se eligió.',
    'filter.contains': 'Contiene',
    'filter.containsText': '{label} contiene «{value}»',
  },
} as const

export const tx = area(catalogues)
