/**
 * `text` with the insides of comments, strings and regular expressions replaced by blanks: what is left at its old place
 * is code, so that a word in a comment is never taken for a call. Code within `${}` of a template stays.
 */
export function codeOnly(text: string): string {
  const out = text.split('');
  const templates: number[] = []; // For each open template: how many braces were open when its `${` began.
  let braces = 0;
  let before = ''; // The last bit of code, which tells division from a regular expression.
  let at = 0;
  const blankTo = (end: number) => {
    for (; at < end; at++) if (text[at] !== '\n') out[at] = ' ';
  };
  const template = () => {
    const end = templateEnd(text, at);
    blankTo(end);
    if (text[end] === '$') {
      templates.push(braces++);
      at = end + 2;
    } else at = end + 1;
    before = text[end] === '$' ? '{' : '`';
  };
  while (at < text.length) {
    const char = text[at]!;
    if (text.startsWith('//', at)) blankTo(orEnd(text.indexOf('\n', at), text));
    else if (text.startsWith('/*', at)) blankTo(orEnd(text.indexOf('*/', at) + 2, text, 1));
    else if (char === "'" || char === '"' || (char === '/' && regexFollows(before))) {
      at += 1;
      blankTo(quotedEnd(text, at, char));
      at += 1;
      before = char;
    } else if (char === '`') {
      at += 1;
      template();
    } else if (char === '}' && templates.at(-1) === braces - 1) {
      templates.pop();
      braces -= 1;
      at += 1;
      template();
    } else {
      if (char === '{') braces += 1;
      if (char === '}') braces -= 1;
      if (/\w|\$/.test(char))
        before = /[\w$]$/.test(before) && /[\w$]/.test(text[at - 1]!) ? before + char : char;
      else if (!/\s/.test(char)) before = char;
      at += 1;
    }
  }
  return out.join('');
}

function orEnd(index: number, text: string, none = -1): number {
  return index <= none ? text.length : index;
}

function regexFollows(before: string): boolean {
  return (
    before === '' ||
    /^[(,=:[!&|?{};+\-*%~^<>]$/.test(before) ||
    /^(return|typeof|case|in|of|do|else)$/.test(before)
  );
}

/** Where the string or regular expression that began before `at` ends: its closing mark, or the end of the line. */
function quotedEnd(text: string, at: number, mark: string): number {
  let inClass = false;
  for (; at < text.length && text[at] !== '\n'; at++) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (mark === '/' && char === '[') inClass = true;
    else if (mark === '/' && char === ']') inClass = false;
    else if (char === mark && !inClass) return at;
  }
  return at;
}

/** Where the template's text that goes on at `at` ends: at its closing mark or at the `$` of a `${`. */
function templateEnd(text: string, at: number): number {
  for (; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`' || text.startsWith('${', at)) return at;
  }
  return text.length;
}
