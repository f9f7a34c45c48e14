// Which keys do what, and the switch for those who do not want single letters to act.

import { useId } from 'react'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { area } from '~/lib/i18n/area'
import { t } from '~/lib/i18n/t'
import { saveSetting, useSetting } from '~/lib/settings'
import './shortcuts.css'

const tx = area({
  en: {
    everywhere: 'Everywhere',
    find: 'Find a page or a record',
    search: 'Go to the search of the page',
    help: 'Show these shortcuts',
    list: 'In the table of a list',
    move: 'Next and previous row',
    open: 'Open the record',
    select: 'Select the row; with Shift all rows up to it',
    filters: 'Open the filters',
    record: 'On the page of a record',
    edit: 'Edit',
    neighbours: 'Previous and next record of the list',
    form: 'In a form',
    save: 'Save',
    saveNext: 'Save, then the next one',
    letters: 'Single letters are shortcuts',
  },
  es: {
    everywhere: 'En todas partes',
    find: 'Buscar una página o un registro',
    search: 'Ir a la búsqueda de la página',
    help: 'Mostrar estos atajos',
    list: 'En la tabla de una lista',
    move: 'Fila siguiente y anterior',
    open: 'Abrir el registro',
    select: 'Seleccionar la fila; con Mayús todas las filas hasta ella',
    filters: 'Abrir los filtros',
    record: 'En la página de un registro',
    edit: 'Editar',
    neighbours: 'Registro anterior y siguiente de la lista',
    form: 'En un formulario',
    save: 'Guardar',
    saveNext: 'Guardar y pasar al siguiente',
    letters: 'Las letras solas son atajos',
  },
})

type Key = Parameters<typeof tx>[0]

const GROUPS: readonly { name: Key; keys: readonly { keys: readonly string[]; does: Key }[] }[] = [
  {
    name: 'everywhere',
    keys: [
      { keys: ['Ctrl K', '⌘ K'], does: 'find' },
      { keys: ['/'], does: 'search' },
      { keys: ['?'], does: 'help' },
    ],
  },
  {
    name: 'list',
    keys: [
      { keys: ['j', 'k'], does: 'move' },
      { keys: ['Enter'], does: 'open' },
      { keys: ['x'], does: 'select' },
      { keys: ['f'], does: 'filters' },
    ],
  },
  {
    name: 'record',
    keys: [
      { keys: ['e'], does: 'edit' },
      { keys: ['Alt ↑', 'Alt ↓'], does: 'neighbours' },
    ],
  },
  {
    name: 'form',
    keys: [
      { keys: ['Ctrl S', '⌘ S'], does: 'save' },
      { keys: ['Ctrl Enter', '⌘ Enter'], does: 'saveNext' },
    ],
  },
]

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  const id = useId()
  const letters = useSetting('letterKeys') !== 'false'
  return (
    <Dialog title={t('user.keys')} onClose={onClose} actions={<Button onClick={onClose}>{t('app.close')}</Button>}>
      <div className="co-stack">
        {GROUPS.map(({ name, keys }) => (
          <section key={name} aria-labelledby={`${id}-${name}`}>
            <h3 id={`${id}-${name}`} className="co-h3">
              {tx(name)}
            </h3>
            <dl className="co-keys">
              {keys.map(({ keys: names, does }) => (
                <div key={does}>
                  <dt>
                    {names.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{tx(does)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <label className="co-check-row">
          <input
            type="checkbox"
            className="co-check"
            checked={letters}
            onChange={(event) => void saveSetting('letterKeys', String(event.target.checked))}
          />
          {tx('letters')}
        </label>
      </div>
    </Dialog>
  )
}
