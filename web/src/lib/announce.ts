// Speaks to screen readers through the two live regions of the shell: results and saved states are
// polite, lost data is urgent. Messages within a second of each other collapse to the last one.

type Speaker = (text: string, urgent: boolean) => void

let speaker: Speaker | null = null
let pending: ReturnType<typeof setTimeout> | undefined

export function registerSpeaker(next: Speaker | null): void {
  speaker = next
}

export function announce(text: string, urgent = false): void {
  clearTimeout(pending)
  pending = setTimeout(() => speaker?.(text, urgent), urgent ? 50 : 350)
}
