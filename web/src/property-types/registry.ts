// Every property type and how it behaves.

import type { PropertyType } from '~/lib/metadata/property-type'
import { boolean } from './boolean'
import { color, email, telephone } from './contact'
import type { PropertyKind } from './kinds'
import { date, instant, time, timeSlot, wallClock } from './moments'
import { decimal, integer, money } from './numbers'
import { foreignKey, status, user } from './reference'
import { file, geoPoint, manyToMany, payment } from './special'
import { json, longText, shortText, unknown, uuid } from './text'

export const kinds: Readonly<Record<PropertyType, PropertyKind>> = {
  TextShort: shortText,
  TextLong: longText,
  Boolean: boolean,
  Date: date,
  DateTime: wallClock,
  DateTimeLocal: instant,
  Money: money,
  IntegerNumber: integer,
  DecimalNumber: decimal,
  ForeignKeyName: foreignKey,
  User: user,
  GeoPoint: geoPoint,
  Color: color,
  Email: email,
  Telephone: telephone,
  TimeSlot: timeSlot,
  ManyToMany: manyToMany,
  File: file,
  FileImage: file,
  FilePDF: file,
  Payment: payment,
  Status: status,
  Time: time,
  Uuid: uuid,
  Json: json,
  Unknown: unknown,
}
