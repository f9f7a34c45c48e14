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
    'links.signIn': 'To change these links, sign in with a role that may do so.',
    'links.needBoth': 'You cannot change these links. That takes the rights to add and delete “{name}”.',
    'links.needCreate': 'You cannot change these links. That also takes the right to add “{name}”.',
    'links.needDelete': 'You cannot change these links. That also takes the right to delete “{name}”.',
    'related.tabs': 'Related records',
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
    'links.signIn': 'Para cambiar estos enlaces, inicie sesión con un rol que lo permita.',
    'links.needBoth': 'No puede cambiar estos enlaces. Hacen falta los permisos para añadir y eliminar «{name}».',
    'links.needCreate': 'No puede cambiar estos enlaces. Hace falta también el permiso para añadir «{name}».',
    'links.needDelete': 'No puede cambiar estos enlaces. Hace falta también el permiso para eliminar «{name}».',
    'related.tabs': 'Registros relacionados',
    'live.changed': 'Este registro cambió desde que se cargó.',
    'live.show': 'Mostrar',
  },
} as const

export const tx = area(catalogues)
