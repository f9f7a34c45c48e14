//! Checks a parsed template as Go's parser would and instruments it.
//!
//! Before every node a call is inserted that counts a step and remembers the place ([`super::budget::step`]), so that an error can name its line and
//! nothing runs for ever. Field access goes through [`super::functions::field`], which knows Go's rules for nil, and what an action prints through
//! [`super::functions::PRINTED`], which knows Go's numbers. The inserted calls declare a variable, so they print nothing and escaping leaves them alone.

use super::RenderError;
use super::functions::{self, AT, FIELD, PRINTED};
use gotmpl::parse::{ActionNode, BranchNode, CommandNode, Expr, ListNode, Node, Number, PipeNode, Pos, SmolStr};
use std::sync::Arc;

/// Loops directly inside each other in HTML: escaping looks at each body twice, which doubles with every level.
const DEEPEST_LOOPS: usize = 8;
/// Escapers that the HTML engine wants last in a pipeline.
const LAST: &[&str] = &["html", "js", "urlquery"];

/// What Go's parser would have refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) line: usize,
    pub(super) reason: String,
}

impl Refusal {
    /// The error of a template of this name.
    pub(super) fn into_error(self, name: &str) -> RenderError {
        RenderError::Parse(format!("template: {name}:{}: {}", self.line, self.reason))
    }
}

pub(super) struct Instrument {
    go_numbers: bool,
    template: Arc<str>,
    variables: Vec<SmolStr>,
    loops: usize,
    deepest_loops: usize,
}

type Checked<T> = Result<T, Refusal>;

impl Instrument {
    pub(super) fn new(template: &str, is_html: bool, go_numbers: bool) -> Self {
        Self {
            go_numbers,
            template: Arc::from(template),
            variables: vec![SmolStr::new("$")],
            loops: 0,
            deepest_loops: if is_html { DEEPEST_LOOPS } else { usize::MAX },
        }
    }

    /// The tree with its instruments.
    pub(super) fn list(&mut self, list: &ListNode) -> Checked<ListNode> {
        let mut nodes = Vec::with_capacity(list.nodes.len() * 2);
        for node in &list.nodes {
            self.node(node, &mut nodes)?;
        }
        Ok(ListNode { pos: list.pos, nodes })
    }

    fn node(&mut self, node: &Node, into: &mut Vec<Node>) -> Checked<()> {
        match node {
            Node::Text(_) | Node::Break(_) | Node::Continue(_) | Node::Define(_) => into.push(node.clone()),
            Node::List(list) => into.push(Node::List(self.list(list)?)),
            Node::Action(action) => {
                into.push(self.at(action.pipe.pos));
                let mut pipe = self.pipe(&action.pipe)?;
                if self.go_numbers && pipe.decl.is_empty() {
                    print_as_go(&mut pipe);
                }
                into.push(Node::Action(ActionNode { pos: action.pos, pipe }));
            }
            Node::If(branch) => {
                into.push(self.at(branch.pipe.pos));
                into.push(Node::If(self.branch(branch, false)?));
            }
            Node::With(branch) => {
                into.push(self.at(branch.pipe.pos));
                into.push(Node::With(self.branch(branch, false)?));
            }
            Node::Range(branch) => {
                into.push(self.at(branch.pipe.pos));
                into.push(Node::Range(self.branch(branch, true)?));
            }
            Node::Template(call) => {
                into.push(self.at(call.pos));
                let mut call = call.clone();
                if let Some(pipe) = &call.pipe {
                    call.pipe = Some(self.pipe(pipe)?);
                }
                into.push(Node::Template(call));
            }
        }
        Ok(())
    }

    fn branch(&mut self, branch: &BranchNode, is_loop: bool) -> Checked<BranchNode> {
        let scope = self.variables.len();
        let pipe = self.pipe(&branch.pipe)?;
        let inside = self.variables.len();
        if is_loop {
            self.loops += 1;
            if self.loops > self.deepest_loops {
                return Err(Refusal {
                    line: branch.pos.line,
                    reason: format!("loops are nested more than {DEEPEST_LOOPS} deep"),
                });
            }
        }
        let mut body = self.list(&branch.body)?;
        if is_loop {
            self.loops -= 1;
            // A round costs a step even when its body is empty.
            body.nodes.insert(0, self.at(branch.pipe.pos));
        }
        self.variables.truncate(inside);
        let else_body = branch.else_body.as_ref().map(|list| self.list(list)).transpose()?;
        self.variables.truncate(scope);
        Ok(BranchNode { pos: branch.pos, pipe, body, else_body })
    }

    fn pipe(&mut self, pipe: &PipeNode) -> Checked<PipeNode> {
        let mut commands = Vec::with_capacity(pipe.commands.len());
        for (stage, command) in pipe.commands.iter().enumerate() {
            let is_value = matches!(
                command.args.first(),
                Some(Expr::Dot(_) | Expr::String(..) | Expr::Number(..) | Expr::Bool(..) | Expr::Nil(_))
            );
            if stage > 0 && is_value {
                let reason = format!("non executable command in pipeline stage {}", stage + 1);
                return Err(Refusal { line: command.pos.line, reason });
            }
            let args = command.args.iter().enumerate().map(|(index, arg)| self.expression(arg, index == 0));
            commands.push(CommandNode { pos: command.pos, args: args.collect::<Checked<_>>()? });
        }
        if pipe.is_assign {
            for name in &pipe.decl {
                self.known(name, pipe.pos)?;
            }
        } else {
            self.variables.extend(pipe.decl.iter().cloned());
        }
        Ok(PipeNode { pos: pipe.pos, decl: pipe.decl.clone(), commands, is_assign: pipe.is_assign })
    }

    fn expression(&mut self, expression: &Expr, is_head: bool) -> Checked<Expr> {
        Ok(match expression {
            Expr::Field(pos, names) => field(*pos, Expr::Dot(*pos), names),
            Expr::Variable(pos, name, names) => {
                self.known(name, *pos)?;
                let bare = Expr::Variable(*pos, name.clone(), Vec::new());
                if names.is_empty() { bare } else { field(*pos, bare, names) }
            }
            Expr::Identifier(pos, name) => {
                if !functions::exists(name) {
                    return Err(Refusal {
                        line: pos.line,
                        reason: format!("function \"{}\" not defined", name.as_str()),
                    });
                }
                expression.clone()
            }
            Expr::Pipe(pos, pipe) => {
                let scope = self.variables.len();
                let pipe = self.pipe(pipe)?;
                self.variables.truncate(scope);
                Expr::Pipe(*pos, pipe)
            }
            Expr::Chain(pos, inner, names) => {
                let checked = self.expression(inner, false)?;
                match (is_head, inner.as_ref()) {
                    // A call whose result is looked into: the arguments follow in the command.
                    (true, Expr::Identifier(..)) => Expr::Chain(*pos, Box::new(checked), names.clone()),
                    _ => field(*pos, checked, names),
                }
            }
            Expr::Dot(_) | Expr::String(..) | Expr::Number(..) | Expr::Bool(..) | Expr::Nil(_) => expression.clone(),
        })
    }

    fn known(&self, name: &SmolStr, pos: Pos) -> Checked<()> {
        if self.variables.contains(name) {
            return Ok(());
        }
        Err(Refusal { line: pos.line, reason: format!("undefined variable \"{}\"", name.as_str()) })
    }

    fn at(&self, pos: Pos) -> Node {
        let offset = Expr::Number(pos, Number::Int(i64::try_from(pos.offset).unwrap_or(i64::MAX)));
        let commands = vec![call(pos, AT, vec![offset, Expr::String(pos, Arc::clone(&self.template))])];
        let pipe = PipeNode { pos, decl: vec![SmolStr::new("$\u{1}")], commands, is_assign: false };
        Node::Action(ActionNode { pos, pipe })
    }
}

fn call(pos: Pos, function: &str, mut args: Vec<Expr>) -> CommandNode {
    args.insert(0, Expr::Identifier(pos, SmolStr::new(function)));
    CommandNode { pos, args }
}

fn value_of(pos: Pos, command: CommandNode) -> Expr {
    Expr::Pipe(pos, PipeNode { pos, decl: Vec::new(), commands: vec![command], is_assign: false })
}

fn field(pos: Pos, of: Expr, names: &[SmolStr]) -> Expr {
    let names = names.iter().map(|name| Expr::String(pos, Arc::from(name.as_str())));
    value_of(pos, call(pos, FIELD, std::iter::once(of).chain(names).collect()))
}

/// The last thing before printing, but before an escaper that has to be last itself.
fn print_as_go(pipe: &mut PipeNode) {
    let escapes = pipe
        .commands
        .last()
        .and_then(|command| command.args.first())
        .is_some_and(|head| matches!(head, Expr::Identifier(_, name) if LAST.contains(&name.as_str())));
    if !escapes {
        pipe.commands.push(call(pipe.pos, PRINTED, Vec::new()));
    }
}
