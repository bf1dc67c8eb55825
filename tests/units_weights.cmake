lynceus_test(safetensors LINKS lynceus_weights)
lynceus_test(model_file LINKS lynceus_weights)
lynceus_test(model_store LINKS lynceus_weights)
