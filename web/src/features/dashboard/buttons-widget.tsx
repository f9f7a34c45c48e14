// Links that look like buttons: the tasks of this page.

import { Link } from '@tanstack/react-router'
import { buttonClass } from '~/components/button'
import { parseSearch } from '~/lib/search'
import { navigationOf } from './widget-config'
import type { WidgetProps } from './widget-parts'

export default function ButtonsWidget({ widget }: WidgetProps) {
  const links = widget.config?.links
  const targets = Array.isArray(links) ? links.map(navigationOf).filter((target) => target !== null) : []
  return (
    <div className="co-row">
      {targets.map(({ url, text }, index) => {
        const [path = '/', search = ''] = url.split('?')
        return (
          <Link
            key={url}
            to={path}
            search={parseSearch(search)}
            className={buttonClass(index === 0 ? 'primary' : 'default')}
          >
            {text}
          </Link>
        )
      })}
    </div>
  )
}
