if(LYNCEUS_TORCH)
  lynceus_test(resnet TORCH LABELS parity LINKS lynceus_nn)
endif()
