// Which files a field takes. Pure; tests beside it.

import { showFileSize } from '~/lib/format/numbers'
import type { Property } from '~/lib/metadata/model'
import { tx } from './texts'

interface FileFacts {
  name: string
  type: string
  size: number
}

const rule = (property: Property, type: string) => property.rules.find((candidate) => candidate.type === type)

/** Kinds of files by the metadata, or by the field's own type. */
export function acceptedTypes(property: Property): string[] {
  const given = rule(property, 'fileType')?.value
  if (given) return given.split(',').map((part) => part.trim())
  if (property.type === 'FileImage') return ['image/*']
  return property.type === 'FilePDF' ? ['application/pdf'] : []
}

const matches = (type: string, pattern: string) =>
  pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern

/** What is wrong with a file, in words; undefined when it may be sent. */
export function refusalOf(property: Property, file: FileFacts): string | undefined {
  const accepted = acceptedTypes(property)
  if (accepted.length > 0 && !accepted.some((pattern) => matches(file.type, pattern))) {
    return rule(property, 'fileType')?.message ?? tx('file.wrongType', { name: file.name, types: accepted.join(', ') })
  }
  const limit = Number(rule(property, 'maxFileSize')?.value)
  if (Number.isFinite(limit) && limit > 0 && file.size > limit) {
    const size = showFileSize(file.size)
    return (
      rule(property, 'maxFileSize')?.message ??
      tx('file.tooLarge', { name: file.name, size, limit: showFileSize(limit) })
    )
  }
  return file.size === 0 ? tx('file.empty', { name: file.name }) : undefined
}
