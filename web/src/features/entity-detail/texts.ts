import { area } from '~/lib/i18n/area'

export const catalogues = {
  en: {
    'near.nav': 'Records of the list',
    'near.position': '{n} of {total}',
    'near.previous': 'Previous record',
    'near.next': 'Next record',
    'fields.hideEmpty': 'Hide empty fields',
    'fields.showEmpty': 'Show {n, plural, one {# empty field} other {# empty fields}}',
    'delete.linked': 'Other records point to it. They may keep it from being deleted, or be deleted with it:',
    'live.changed': 'This record was changed since it was loaded.',
    'live.show': 'Show',
  },
  es: {
    'near.nav': 'Registros de la lista',
    'near.position': '{n} de {total}',
    'near.previous': 'Registro anterior',
    'near.next': 'Registro siguiente',
    'fields.hideEmpty': 'Ocultar los campos vacíos',
    'fields.showEmpty': 'Mostrar {n, plural, one {# campo vacío} other {# campos vacíos}}',
    'delete.linked': 'Otros registros apuntan a este. Pueden impedir que se elimine o eliminarse con él:',
    'live.changed': 'Este registro cambió desde que se cargó.',
    'live.show': 'Mostrar',
  },
} as const

export const tx = area(catalogues)
