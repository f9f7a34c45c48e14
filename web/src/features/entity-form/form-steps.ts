// Which questions of a form stand together when it is asked step by step. Pure; tests beside it.

import { currentLocale } from '~/lib/i18n/t'
import type { Entity, Property } from '~/lib/metadata/model'
import type { PropertyType } from '~/lib/metadata/property-type'

export interface Step {
  title: string
  properties: readonly Property[]
}

/** What deserves a page of its own. */
const ALONE: readonly PropertyType[] = ['TextLong', 'GeoPoint', 'File', 'FileImage', 'FilePDF', 'Json']
const MOST_PER_STEP = 3
/** Up to this many fields fit on one small page. */
const FEW = 4

/**
 * Steps are for people who come here rarely: on a phone, or without the right to change such records. The metadata may
 * decide for the record type, and the person for themselves (`onePage`).
 */
export function asksInSteps(entity: Entity, fields: number, phone: boolean, onePage: boolean): boolean {
  if (onePage || entity.formMode === 'single') return false
  return entity.formMode === 'steps' || (fields > FEW && (phone || !entity.can.update))
}

function titleOf(properties: readonly Property[]): string {
  return new Intl.ListFormat(currentLocale()).format(properties.map((property) => property.label))
}

/** Groups of the metadata stay together; other fields come in small portions, in the order of the form. */
export function groupSteps(properties: readonly Property[]): Step[] {
  const steps: Step[] = []
  const named = new Map<string, Property[]>()
  let open: Property[] | null = null
  for (const property of properties) {
    if (property.formGroup) {
      const known = named.get(property.formGroup)
      if (known) known.push(property)
      else {
        const group = [property]
        named.set(property.formGroup, group)
        steps.push({ title: property.formGroup, properties: group })
      }
      open = null
    } else if (ALONE.includes(property.type)) {
      steps.push({ title: property.label, properties: [property] })
      open = null
    } else if (open && open.length < MOST_PER_STEP) {
      open.push(property)
    } else {
      open = [property]
      steps.push({ title: '', properties: open })
    }
  }
  return steps.map((step) => (step.title === '' ? { ...step, title: titleOf(step.properties) } : step))
}
