package convert_test

import (
	"context"
	"fmt"
	"os"

	"github.com/hfbot/hfbot/convert"
)

func ExampleInspect() {
	file, err := os.Open("testdata/torch/tied.bin")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := convert.Inspect(context.Background(), file, info.Size(), convert.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Verdict, plan.Size(), "bytes")
	for _, t := range plan.Tensors {
		fmt.Println(t.Name, t.DType, t.Shape)
	}
	fmt.Println(plan.Aliases)
	// Output:
	// ok 784 bytes
	// model.embed_tokens.weight F32 [16 8]
	// model.norm.weight F32 [8]
	// map[lm_head.weight:model.embed_tokens.weight]
}

func ExampleChoose() {
	groups, skipped := convert.Choose([]string{"README.md", "optimizer.pt", "pytorch_model.bin"}, convert.Options{})
	fmt.Println(groups[0].Files)
	fmt.Println(skipped)
	// Output:
	// map[pytorch_model.bin:model.safetensors]
	// map[optimizer.pt:state of a training run and not weights]
}
