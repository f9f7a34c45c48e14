// A text setting that saves itself a second after typing, and when it is left.

import { useEffect, useId, useRef, useState } from 'react'

interface AutosaveTextProps {
  label: string
  value: string
  multiline?: boolean
  onSave: (value: string) => void
}

const PAUSE_MS = 1000

export function AutosaveText({ label, value, multiline, onSave }: AutosaveTextProps) {
  const id = useId()
  const [typed, setTyped] = useState(value)
  const sent = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  useEffect(() => {
    if (value === sent.current) return
    sent.current = value
    setTyped(value)
  }, [value])
  const save = (text: string) => {
    clearTimeout(timer.current)
    if (text === sent.current) return
    sent.current = text
    onSave(text)
  }
  const change = (text: string) => {
    setTyped(text)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => save(text), PAUSE_MS)
  }
  const shared = { id, className: 'co-input', value: typed, onBlur: () => save(typed), dir: 'auto' as const }
  return (
    <label htmlFor={id} className="co-bound">
      <span className="co-small">{label}</span>
      {multiline ? (
        <textarea {...shared} rows={2} onChange={(event) => change(event.target.value)} />
      ) : (
        <input {...shared} onChange={(event) => change(event.target.value)} />
      )}
    </label>
  )
}
