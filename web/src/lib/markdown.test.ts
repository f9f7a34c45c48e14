import { describe, expect, it } from 'vitest'
import { readInline, readMarkdown, safeHref } from './markdown'

const text = (value: string) => ({ kind: 'text', text: value })

describe('blocks', () => {
  it('reads headings, paragraphs, rules and code', () => {
    expect(readMarkdown('# One\nText\nmore\n\n---\n```sql\nselect 1\n```')).toEqual([
      { kind: 'heading', depth: 1, children: [text('One')] },
      { kind: 'paragraph', children: [text('Text\nmore')] },
      { kind: 'rule' },
      { kind: 'code', text: 'select 1' },
    ])
  })

  it('reads nested lists', () => {
    const [list] = readMarkdown('- a\n  - b\n  - c\n- d')
    expect(list).toMatchObject({ kind: 'list', ordered: false })
    expect(list?.kind === 'list' && list.items.map((item) => item.map((block) => block.kind))).toEqual([
      ['paragraph', 'list'],
      ['paragraph'],
    ])
    expect(readMarkdown('3. x\n4. y')[0]).toMatchObject({ ordered: true, start: 3 })
  })

  it('reads quotes and tables', () => {
    expect(readMarkdown('> a\n> b')).toEqual([
      { kind: 'quote', children: [{ kind: 'paragraph', children: [text('a\nb')] }] },
    ])
    expect(readMarkdown('| a | b |\n|---|---|\n| 1 | 2 |')).toEqual([
      { kind: 'table', head: [[text('a')], [text('b')]], rows: [[[text('1')], [text('2')]]] },
    ])
  })

  it('ends whatever is not closed', () => {
    expect(readMarkdown('```\nopen')).toEqual([{ kind: 'code', text: 'open' }])
  })
})

describe('inline', () => {
  it('reads emphasis, code, links', () => {
    expect(readInline('a **b _c_** `d` [e](/f)')).toEqual([
      text('a '),
      { kind: 'strong', children: [text('b '), { kind: 'em', children: [text('c')] }] },
      text(' '),
      { kind: 'code', text: 'd' },
      text(' '),
      { kind: 'link', href: '/f', children: [text('e')] },
    ])
  })

  it('leaves names with underscores alone', () => {
    expect(readInline('status_entity_type')).toEqual([text('status_entity_type')])
  })

  it('drops tags and never makes a script a link', () => {
    expect(readInline('<script>x</script>')).toEqual([text('x')])
    expect(readInline('[x](javascript:alert(1))').every((part) => part.kind === 'text')).toBe(true)
    expect(safeHref(' JavaScript:alert(1)')).toBeNull()
    expect(safeHref('data:text/html,x')).toBeNull()
    expect(safeHref('//elsewhere.example')).toBeNull()
    expect(safeHref('/view/requests?a=b:c')).toBe('/view/requests?a=b:c')
  })
})
