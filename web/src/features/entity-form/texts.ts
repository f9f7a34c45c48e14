import { area } from '~/lib/i18n/area'

export const catalogues = {
  en: {
    'conflict.title': '{who} changed this record while you were editing',
    'conflict.someone': 'Someone else',
    'conflict.safe': 'Your changes are safe. Choose what to keep.',
    'conflict.nothing': 'You changed different fields. Save to keep both.',
    'conflict.before': 'Before',
    'conflict.mine': 'Yours',
    'conflict.theirs': 'Theirs',
    'conflict.keptMine': 'Changed only by you – kept',
    'conflict.taken': '{n, plural, one {# field} other {# fields}} changed only by the other side – taken over',
    'conflict.save': 'Save chosen values',
    'conflict.back': 'Back to editing',
    'conflict.discard': 'Discard mine',
    'conflict.choose': 'Choose a value for {label}.',
    'conflict.deletedTitle': 'This record was deleted while you were editing',
    'conflict.deletedText': 'What you typed is still in the form. You can add it again as a new record.',
    'conflict.again': 'Add it again',
    'conflict.discarded': 'Your changes were discarded.',
    'inline.add': 'Add {name}',
    'inline.added': '“{name}” was added and chosen.',
  },
  es: {
    'conflict.title': '{who} cambió este registro mientras usted lo editaba',
    'conflict.someone': 'Otra persona',
    'conflict.safe': 'Sus cambios están a salvo. Elija qué conservar.',
    'conflict.nothing': 'Cambiaron campos distintos. Guarde para conservar ambos.',
    'conflict.before': 'Antes',
    'conflict.mine': 'Suyo',
    'conflict.theirs': 'De la otra persona',
    'conflict.keptMine': 'Cambiado solo por usted: se conserva',
    'conflict.taken':
      '{n, plural, one {# campo cambiado} other {# campos cambiados}} solo por la otra persona: se toma',
    'conflict.save': 'Guardar los valores elegidos',
    'conflict.back': 'Seguir editando',
    'conflict.discard': 'Descartar lo mío',
    'conflict.choose': 'Elija un valor para {label}.',
    'conflict.deletedTitle': 'Este registro se eliminó mientras usted lo editaba',
    'conflict.deletedText': 'Lo que escribió sigue en el formulario. Puede añadirlo como registro nuevo.',
    'conflict.again': 'Añadir de nuevo',
    'conflict.discarded': 'Sus cambios se descartaron.',
    'inline.add': 'Añadir {name}',
    'inline.added': '«{name}» se añadió y se eligió.',
  },
} as const

export const tx = area(catalogues)
