if(LYNCEUS_TORCH)
  lynceus_test(defect_simulator LINKS lynceus_memseg)
endif()
