// Shows Markdown as elements; nothing is ever parsed as HTML.

import { Fragment, useMemo } from 'react'
import { type Block, type Inline, readMarkdown } from '~/lib/markdown'
import './markdown.css'

function Inlines({ parts }: { parts: readonly Inline[] }) {
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a fixed text
    <Fragment key={index}>{inline(part)}</Fragment>
  ))
}

function inline(part: Inline) {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'strong':
      return (
        <strong>
          <Inlines parts={part.children} />
        </strong>
      )
    case 'em':
      return (
        <em>
          <Inlines parts={part.children} />
        </em>
      )
    case 'del':
      return (
        <del>
          <Inlines parts={part.children} />
        </del>
      )
    case 'code':
      return <code>{part.text}</code>
    case 'link':
      return (
        <a href={part.href} rel={/^https?:/i.test(part.href) ? 'noopener noreferrer' : undefined}>
          <Inlines parts={part.children} />
        </a>
      )
    case 'image':
      return <img src={part.src} alt={part.alt} loading="lazy" />
    case 'break':
      return <br />
  }
}

function Blocks({ blocks, level }: { blocks: readonly Block[]; level: number }) {
  return blocks.map((block, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: blocks of a fixed text
    <Fragment key={index}>{element(block, level)}</Fragment>
  ))
}

function element(block: Block, level: number) {
  switch (block.kind) {
    case 'heading': {
      const Tag = `h${Math.min(6, level + block.depth - 1)}` as 'h2' | 'h3' | 'h4' | 'h5' | 'h6'
      return (
        <Tag>
          <Inlines parts={block.children} />
        </Tag>
      )
    }
    case 'paragraph':
      return (
        <p>
          <Inlines parts={block.children} />
        </p>
      )
    case 'list': {
      const items = block.items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: items of a fixed text
        <li key={index}>
          {item.length === 1 && item[0]?.kind === 'paragraph' ? (
            <Inlines parts={item[0].children} />
          ) : (
            <Blocks blocks={item} level={level} />
          )}
        </li>
      ))
      return block.ordered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>
    }
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={block.children} level={level} />
        </blockquote>
      )
    case 'code':
      return (
        <pre className="co-code-block">
          <code>{block.text}</code>
        </pre>
      )
    case 'table':
      return (
        <div className="co-markdown-table">
          <table>
            <thead>
              <tr>
                {block.head.map((cell, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: cells of a fixed text
                  <th key={index} scope="col">
                    <Inlines parts={cell} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows of a fixed text
                <tr key={index}>
                  {row.map((cell, column) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: cells of a fixed text
                    <td key={column}>
                      <Inlines parts={cell} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )
    case 'rule':
      return <hr />
  }
}

/** `level` is the heading level a single `#` becomes. */
export function Markdown({ text, level = 2 }: { text: string; level?: number }) {
  const blocks = useMemo(() => readMarkdown(text), [text])
  return (
    <div className="co-markdown" dir="auto">
      <Blocks blocks={blocks} level={level} />
    </div>
  )
}
