// A status: its name on its colour, readable whatever colour was chosen, with a shape that tells
// beginning, middle and end apart without colour.

import { isHexColor, needsBorder, textOn } from '~/lib/color'
import './status-badge.css'

export interface StatusBadgeProps {
  label: string
  color: string | null
  kind: 'initial' | 'open' | 'terminal'
}

const DEFAULT = '#3b82f6'

export function StatusBadge({ label, color, kind }: StatusBadgeProps) {
  const fill = isHexColor(color) ? color : DEFAULT
  const text = textOn(fill)
  return (
    <span
      className="co-status"
      style={{
        backgroundColor: fill,
        color: text,
        borderColor: needsBorder(fill, '#ffffff') || needsBorder(fill, '#1a2027') ? text : 'transparent',
      }}
    >
      <svg
        width="14"
        height="14"
        viewBox="0 0 14 14"
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
      >
        {kind === 'terminal' ? (
          <>
            <circle cx="7" cy="7" r="6" fill="currentColor" stroke="none" />
            <path d="m4 7.2 2.2 2.2L10 5" stroke={fill} strokeLinecap="round" strokeLinejoin="round" />
          </>
        ) : (
          <>
            <circle cx="7" cy="7" r="5" />
            {kind === 'open' ? <path d="M7 2a5 5 0 0 1 0 10z" fill="currentColor" stroke="none" /> : null}
          </>
        )}
      </svg>
      <span dir="auto">{label}</span>
    </span>
  )
}
