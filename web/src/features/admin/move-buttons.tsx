// Moves a member of an ordered list up or down; focus stays on the pressed button.

import { Button } from '~/components/button'
import { t } from '~/lib/i18n/t'

interface MoveButtonsProps {
  name: string
  first: boolean
  last: boolean
  onMove: (step: -1 | 1) => void
}

export function MoveButtons({ name, first, last, onMove }: MoveButtonsProps) {
  return (
    <span className="co-row co-nowrap co-tight">
      <Button
        look="quiet"
        icon="sortAscending"
        iconOnly
        aria-disabled={first || undefined}
        onClick={() => first || onMove(-1)}
      >
        {t('admin.moveUp', { name })}
      </Button>
      <Button
        look="quiet"
        icon="sortDescending"
        iconOnly
        aria-disabled={last || undefined}
        onClick={() => last || onMove(1)}
      >
        {t('admin.moveDown', { name })}
      </Button>
    </span>
  )
}
