import { expect, it } from 'vitest'
import { readClaims } from './claims'

const token = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`

it.each([
  [{ realm_access: { roles: ['editor'] }, roles: ['other'] }, ['editor']],
  [{ realm_access: { roles: [] }, resource_access: { town: { roles: ['clerk'] } } }, ['clerk']],
  [{ resource_access: { elsewhere: { roles: ['clerk'] } }, roles: ['user'] }, ['user']],
  [{ roles: 'admin' }, []],
])('roles of %j', (claims, roles) => {
  expect(readClaims(token(claims), '', 'town').roles).toEqual(roles)
})

it('reads names beyond ASCII and survives garbage', () => {
  expect(readClaims(token({ sub: '1', name: 'Zoë Ñandú' }), '', 'town')).toMatchObject({ id: '1', name: 'Zoë Ñandú' })
  expect(readClaims('garbage', 'a.b.c', 'town')).toEqual({ id: '', name: '?', email: undefined, roles: [] })
})
