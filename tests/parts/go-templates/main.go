// Renders templates with Go's own packages. Standard input: {"entities": [...], "cases": [{"engine", "entity", "template"}]};
// standard output: one line of JSON per case, {"output"} or {"error", "stage"}. Settings as in the contract: missingkey=zero, .Entity and .Metadata.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	html "html/template"
	"io"
	"os"
	"strings"
	text "text/template"
	"time"
)

type answer struct {
	Output *string `json:"output,omitempty"`
	Error  string  `json:"error,omitempty"`
	Stage  string  `json:"stage,omitempty"`
}

// bounded ends a rendering that prints without end.
type bounded struct {
	strings.Builder
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > 1<<20 {
		return 0, fmt.Errorf("too long")
	}
	return b.Builder.Write(p)
}

func formatDate(s string) string {
	at, err := time.Parse("2006-01-02", s)
	if err != nil {
		return s
	}
	return at.Format("Jan 2, 2006")
}

func formatMoney(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprintf("$%.2f", v)
	case int:
		return fmt.Sprintf("$%.2f", float64(v))
	}
	return fmt.Sprint(v)
}

func formatPhone(s string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if len(digits) != 10 {
		return s
	}
	return fmt.Sprintf("(%s) %s-%s", digits[:3], digits[3:6], digits[6:])
}

var functions = map[string]any{"formatDate": formatDate, "formatMoney": formatMoney, "formatPhone": formatPhone}

func render(engine, source string, data any) (result answer) {
	var output bounded
	var err error
	stage := "parse"
	if engine == "html" {
		var t *html.Template
		t, err = html.New("html").Funcs(functions).Option("missingkey=zero").Parse(source)
		if err == nil {
			stage = "execute"
			err = t.Execute(&output, data)
		}
	} else {
		var t *text.Template
		t, err = text.New("text").Funcs(functions).Option("missingkey=zero").Parse(source)
		if err == nil {
			stage = "execute"
			err = t.Execute(&output, data)
		}
	}
	if err != nil {
		return answer{Error: err.Error(), Stage: stage}
	}
	printed := output.String()
	return answer{Output: &printed}
}

func main() {
	raw, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	var work struct {
		Entities []map[string]any
		Cases    []struct {
			Engine, Template string
			Entity           int
		}
	}
	if err := json.Unmarshal(raw, &work); err != nil {
		panic(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for _, c := range work.Cases {
		data := map[string]any{"Entity": work.Entities[c.Entity], "Metadata": map[string]string{"site_url": "https://app.example.org"}}
		if err := encoder.Encode(render(c.Engine, c.Template, data)); err != nil {
			panic(err)
		}
	}
}
