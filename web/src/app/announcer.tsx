// The two live regions, present from the start; see lib/announce.

import { useEffect, useState } from 'react'
import { registerSpeaker } from '~/lib/announce'

export function Announcer() {
  const [polite, setPolite] = useState('')
  const [urgent, setUrgent] = useState('')
  useEffect(() => {
    registerSpeaker((text, isUrgent) => {
      const set = isUrgent ? setUrgent : setPolite
      // The same words again are only spoken if the region was empty in between.
      set('')
      requestAnimationFrame(() => set(text))
    })
    return () => registerSpeaker(null)
  }, [])
  return (
    <div className="co-hidden">
      <div role="status">{polite}</div>
      <div role="alert">{urgent}</div>
    </div>
  )
}
